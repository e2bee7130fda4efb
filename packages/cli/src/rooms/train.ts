// `dsbm/train`: the driver of a training, and the sampler.
export * from "@dsbm/train";
