// The engine and the machine of a run.
import { availableParallelism, cpus } from "node:os";
import { ConfigError } from "@dsbm/config";
import { type Datasets, isVectors } from "@dsbm/datasets";
import { type Environment, readRun } from "@dsbm/runs";
import { engineInfo } from "@dsbm/torch";

/** The engine of a run, and what libtorch would bring to the portable one. */
export function engineText(): string {
  const { engine, version, reason } = engineInfo();
  if (engine === "libtorch") return `engine: libtorch ${version}`;
  return `engine: portable (TypeScript and WebAssembly); libtorch is faster and adds images (${reason ?? "unset DSBM_ENGINE"})`;
}

/** What a change of the engine means for a run that continues; null if its engine stays. */
export function engineChange(folder: string): string | null {
  const { engine: before } = readRun(folder).info.environment;
  const { engine } = environment();
  if (!before || before === engine) return null;
  return `the run began with the engine ${before} and continues with ${engine}: its weights agree with those of one engine to rounding, not bit for bit`;
}

/** @throws {ConfigError} for images without libtorch. */
export function checkEngine(datasets: Datasets): void {
  if (engineInfo().engine === "libtorch" || isVectors(datasets)) return;
  throw new ConfigError(
    `samples of shape [${datasets.shape.join(", ")}] are images, and images need libtorch: npm run setup installs it; the portable engine runs tables`,
  );
}

/** The versions and the machine of this process, for run.json. */
export function environment(): Environment {
  const info = engineInfo();
  return {
    node: process.versions.node,
    engine: info.engine,
    libtorch: info.engine === "libtorch" ? info.version : null,
    blas: info.blasThreads ?? "unknown",
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    platform: process.platform,
    arch: process.arch,
  };
}
