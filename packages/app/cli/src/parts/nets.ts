// `dsbm/nets`: networks, classifiers and their features.
export * from "@dsbm/nets";
