// `dsbm/torch`: tensors, autograd, recorded programs, layers, optimisers, files.
export * from "@dsbm/torch";
