export * from "@dsbm/config";
