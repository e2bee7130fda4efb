// What a run needs to go on after a completed half-iteration: all networks, averages and optimisers, in one
// file that is replaced atomically. Random streams are functions of the seed and need no saving.
import { existsSync } from "node:fs";
import { io } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import { UsageError } from "../terminal/errors.js";

/** The bytes of the state after the half-iterations that are done. */
export function encodeState(training: Training, version: string): Uint8Array {
  const { tensors } = training.save();
  return io.encodeTensors(tensors, {
    half: String(training.state.half),
    dsbm: version,
    format: "1",
  });
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
    const half = Number(metadata.half);
    training.restore({
      tensors,
      facts: { format: 1, half, threads: null, losses: [], pass: null },
    });
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
