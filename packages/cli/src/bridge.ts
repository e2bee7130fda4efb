// All of the mathematics, networks, data and training under one name, as users import it.
export * from "@dsbm/bridge";
export * from "@dsbm/data";
export * from "@dsbm/nets";
export * from "@dsbm/train";
