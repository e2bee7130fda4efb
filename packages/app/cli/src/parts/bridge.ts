export * from "@dsbm/bridge";
