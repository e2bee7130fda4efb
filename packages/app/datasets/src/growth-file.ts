// The estimate of growth in files of the run folder, with the facts of its computation.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { GrowthScan, IntervalGrowth } from "@dsbm/bridge";
import { FileError, sha256, writeFileAtomic } from "@dsbm/files";
import { io, type Tensor, TorchError, tensor, tidy } from "@dsbm/torch";
import type { GrowthCells } from "./growth-bootstrap.js";

/** The files of a run folder with its estimate of growth, and with the intervals of cells. */
export const growthFiles = { estimate: "growth.safetensors", cells: "growth-cells.safetensors" };

/** Raised when an estimate from the same rows changes. */
const estimateVersion = 2;

/** What a file of an estimate holds. */
export interface SolvedGrowth {
  scan: GrowthScan;
  intervals: readonly IntervalGrowth[];
}

/** What an estimate is computed from, as text: rows [m_k, d] by their checksums. */
export const growthKey = (sets: readonly Tensor[], facts: Record<string, unknown>): string =>
  JSON.stringify({
    version: estimateVersion,
    ...facts,
    rows: sets.map((x) => sha256(x.toArray() as Float64Array)),
  });

/** The bytes of a file of an estimate. */
export function encodeGrowth(key: string, { scan, intervals }: SolvedGrowth): Uint8Array {
  const tensors = intervals.flatMap(({ gain, move }, k): [string, Tensor][] => [
    [`gain.${k}`, gain],
    [`move.${k}`, move],
  ]);
  const remaining = JSON.stringify(intervals.map((one) => one.remaining));
  return io.encodeTensors(new Map(tensors), { key, scan: JSON.stringify(scan), remaining });
}

/** The tensors of a file with this key, and its metadata. Returns null for a missing or damaged file or another key. */
function readKept(path: string, key: string): ReturnType<typeof io.loadTensors> | null {
  if (!existsSync(path)) return null;
  try {
    const file = io.loadTensors(path);
    return file.metadata.key === key ? file : null;
  } catch (error) {
    // It is computed again.
    if (error instanceof TorchError || error instanceof FileError) return null;
    throw error;
  }
}

/** Reads an estimate with this key from a run folder. Returns null if there is none. */
export function readGrowthEstimate(folder: string, key: string): SolvedGrowth | null {
  const file = readKept(join(folder, growthFiles.estimate), key);
  if (!file) return null;
  const { tensors, metadata } = file;
  const remaining = JSON.parse(metadata.remaining) as number[];
  return {
    scan: JSON.parse(metadata.scan),
    intervals: remaining.map((one, k) => ({
      gain: tensors.get(`gain.${k}`) as Tensor,
      move: tensors.get(`move.${k}`) as Tensor,
      remaining: one,
    })),
  };
}

/** The cells of a run folder with this key. Computes and writes them otherwise; a folder that refuses it stays as it is. */
export function keptCells(
  folder: string | null,
  key: string,
  compute: () => GrowthCells[],
): GrowthCells[] {
  if (folder === null) return compute();
  const path = join(folder, growthFiles.cells);
  const file = readKept(path, key);
  if (file) return cellsOf(file.tensors);
  const cells = compute();
  try {
    writeFileAtomic(path, encodeCells(key, cells));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
  }
  return cells;
}

const encodeCells = (key: string, cells: readonly GrowthCells[]): Uint8Array =>
  tidy(() => {
    const tensors = cells.flatMap(({ centres, low, high }, k): [string, Tensor][] => [
      [`centres.${k}`, centres],
      [`low.${k}`, tensor(low, { dtype: "float64" })],
      [`high.${k}`, tensor(high, { dtype: "float64" })],
    ]);
    return io.encodeTensors(new Map(tensors), { key });
  });

function cellsOf(tensors: ReadonlyMap<string, Tensor>): GrowthCells[] {
  const cells: GrowthCells[] = [];
  for (let k = 0; ; k++) {
    const centres = tensors.get(`centres.${k}`);
    if (!centres) return cells;
    const [low, high] = [`low.${k}`, `high.${k}`].map((name) => {
      const t = tensors.get(name) as Tensor;
      const numbers = t.toNumbers();
      t.dispose();
      return numbers;
    }) as [number[], number[]];
    cells.push({ centres, low, high });
  }
}
