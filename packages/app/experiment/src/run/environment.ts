// What a run folder records of the machine: versions that may change results, nothing that
// identifies the machine.
import type { Environment } from "@dsbm/runs";
import { engineInfo } from "@dsbm/torch";

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
