// `dsbm/config`: the keys of the command line, presets, and how words become configurations.
export * from "@dsbm/config";
