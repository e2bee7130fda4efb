// `dsbm/bridge`: processes, couplings, optimal transport, solvers, methods, metrics.
export * from "@dsbm/bridge";
