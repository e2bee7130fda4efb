export * from "@dsbm/runs";
