// `dsbm/data`: data sets by name, and tables of files.
export * from "@dsbm/data";
