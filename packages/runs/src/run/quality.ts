// quality.json: how good the bridge of a run is, each number beside its floor and ceiling. Evaluations write it, and
// reports and programs read it.
import { existsSync } from "node:fs";
import { RunError } from "../errors.js";
import { readJson, toJson } from "../files/json.js";
import { writeFileAtomic } from "../files/write.js";
import { shellWord } from "../shell.js";
import { checkFiles, writeRunFile } from "./hashes.js";
import { type Direction, runPaths } from "./layout.js";

/** What a metric is about, in the order of tables. */
export const qualityGroups = [
  ...(["holdout", "ends", "marginals", "plan", "baselines", "path", "columns"] as const),
] as const;
export type QualityGroup = (typeof qualityGroups)[number];

/** One metric of one direction. */
export interface QualityRow {
  /** Its name: "sliced_w2". */
  metric: string;
  /** The name in words, with units where it has some. */
  title: string;
  /** The direction that was measured; null for what belongs to none or to both. */
  direction: Direction | null;
  value: number;
  /** The 95 % interval of the value; null where none is known. */
  low: number | null;
  high: number | null;
  /** What a perfect bridge would show with as many samples, such as other samples of the target; null: no meaning. */
  floor: number | null;
  floor_low?: number;
  floor_high?: number;
  /** What independent pairs show, or the untouched source, see `about`; null: no meaning. */
  ceiling: number | null;
  better: "lower" | "higher" | "target";
  /** The value to reach, with `better: "target"`. */
  target?: number;
  /** The column that it is about. */
  column?: string;
  group: QualityGroup;
  /** One sentence: what it says, and what floor and ceiling are. */
  about: string;
}

export interface Quality {
  /** The version that measured. */
  dsbm: string;
  /** The rows that starts and data were taken from. */
  split: "train" | "test";
  /** Starts at most. */
  n: number;
  seed: number;
  /** How ends were made, where otherwise than in training. */
  sampler?: { solver?: string; steps?: number; diffusion?: number; guidance?: number };
  /** The files that were held out of the training, and their times. */
  holdouts?: { path: string; at: number }[];
  rows: QualityRow[];
  /** What was not measured, and why, a line each. */
  left_out: string[];
}

/** Writes quality.json into the folder of a run, or to another path, atomically. Throws RunError. */
export function writeQuality(
  folder: string,
  quality: Quality,
  path = runPaths(folder).quality_json,
): void {
  const text = `${toJson(quality, { indent: 2 })}\n`;
  if (path === runPaths(folder).quality_json) writeRunFile(folder, "quality.json", text);
  else writeFileAtomic(path, text);
}

/** The quality of a run as it was measured last; null where it was not. Throws RunError for a damaged file. */
export function readQuality(folder: string): Quality | null {
  const path = runPaths(folder).quality_json;
  if (!existsSync(path)) return null;
  const cure = `measure again with npx dsbm evaluate ${shellWord(folder)}`;
  checkFiles(folder, ["quality.json"], cure);
  const found = readJson(path) as Partial<Quality> | null;
  if (!Array.isArray(found?.rows)) throw new RunError("corrupt", `${path} has no rows: ${cure}`);
  return { left_out: [], ...found } as Quality;
}
