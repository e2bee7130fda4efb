// What a run needs to go on after a completed half-iteration: all networks, averages and optimisers, in one
// file that is replaced atomically. Random streams are functions of the seed and need no saving.
import { existsSync } from "node:fs";
import type { Training } from "@dsbm/bridge";
import { io, type Tensor } from "@dsbm/torch";
import { UsageError } from "../errors.js";

const directions = ["b", "f"] as const;

function parts(training: Training): [string, ReadonlyMap<string, Tensor>][] {
  const { networks, emas, optimizers } = training.state;
  return directions.flatMap((d): [string, ReadonlyMap<string, Tensor>][] => [
    [`network/${d}/`, networks[d].stateDict()],
    ...(emas ? [[`ema/${d}/`, emas[d].stateDict()] as [string, ReadonlyMap<string, Tensor>]] : []),
    ...(optimizers[d]
      ? [[`optimizer/${d}/`, optimizers[d].stateDict()] as [string, ReadonlyMap<string, Tensor>]]
      : []),
  ]);
}

/** The bytes of the state after the half-iterations that are done. */
export function encodeState(training: Training, version: string): Uint8Array {
  const all = new Map<string, Tensor>();
  for (const [prefix, tensors] of parts(training))
    for (const [name, t] of tensors) all.set(prefix + name, t);
  return io.encodeTensors(all, { half: String(training.state.half), dsbm: version, format: "1" });
}

/**
 * Puts a saved state into a training of the same configuration; returns the half-iterations done, 0 without a
 * file. Throws a UsageError for a state of another network or a newer format, a FormatError for a damaged file.
 */
export function restoreState(training: Training, path: string): number {
  if (!existsSync(path)) return 0;
  const { tensors, metadata } = readState(path);
  try {
    if (metadata.format !== "1")
      throw new UsageError(
        `${path} was written by dsbm ${metadata.dsbm ?? "of an unknown version"} in format ${metadata.format}; this version reads format 1`,
      );
    const under = (prefix: string) =>
      new Map(
        [...tensors]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, t]) => [name.slice(prefix.length), t]),
      );
    if ([...tensors.keys()].some((name) => name.startsWith("optimizer/")))
      training.keepOptimizers();
    for (const d of directions) {
      training.state.networks[d].loadStateDict(under(`network/${d}/`));
      training.state.samplers[d].loadStateDict(training.state.networks[d].stateDict());
      training.state.emas?.[d].loadStateDict(under(`ema/${d}/`));
      training.state.emas?.[d].copyTo(training.state.samplers[d]);
      training.state.optimizers[d]?.loadStateDict(under(`optimizer/${d}/`));
    }
    training.state.half = Number(metadata.half);
    return training.state.half;
  } finally {
    for (const t of tensors.values()) t.dispose();
  }
}

function readState(path: string): ReturnType<typeof io.loadTensors> {
  try {
    return io.loadTensors(path);
  } catch (error) {
    if (!(error instanceof io.FormatError)) throw error;
    throw new UsageError(`${error.message}; this run cannot go on: add --again to start it over`);
  }
}
