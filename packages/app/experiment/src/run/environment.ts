// What a run folder records of the machine: versions that explain a difference in results, nothing that identifies it.
import type { Environment } from "@dsbm/runs";
import { engineInfo } from "@dsbm/torch";

/** Versions and variants that results may depend on. */
export function environment(): Environment {
  const info = engineInfo();
  return {
    node: process.versions.node,
    libtorch: info.version,
    blas: info.blasThreads ?? "unknown",
    platform: process.platform,
    arch: process.arch,
  };
}
