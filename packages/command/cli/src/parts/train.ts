export * from "@dsbm/train";
