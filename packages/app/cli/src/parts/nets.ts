export * from "@dsbm/nets";
