export * from "@dsbm/torch";
