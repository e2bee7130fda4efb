export * from "@dsbm/data";
