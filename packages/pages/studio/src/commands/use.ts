// A trained bridge at work: samples, annotated tables, draws of one row, evaluations with other steps, exports.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { formatCsv } from "@dsbm/runs";
import type { FitTable } from "@dsbm/web/fit";
import { evaluationFile } from "../runs/outputs.js";
import type { JobView } from "../shared/api.js";
import type { Desk } from "./desk.js";

/** How a bridge is sampled. */
interface SamplingRequest {
  run: string;
  direction: "f" | "b";
  /** Null: as in training. */
  steps: number | null;
}

/** The format of samples by the ending of their input, for endings that are read but not written. */
const endings: Readonly<Record<string, string>> = {
  tab: "tsv",
  pq: "parquet",
  npz: "npy",
  h5: "h5ad",
};

const stepWords = (steps: number | null): string[] => (steps === null ? [] : [`steps=${steps}`]);

/** Annotations have names, which arrays have not. */
const annotationEndings = { ...endings, npy: "csv", npz: "csv" };

/** "new.csv" with the part "f": "new_f.csv". The output of a folder of images is a folder. */
function outputName(
  file: string,
  parts: readonly (string | number | null)[],
  formats = endings,
): string {
  const [, stem = basename(file), ending = ""] =
    /^(.+?)\.(csv|tsv|tab|parquet|pq|npy|npz|h5ad|h5|nc)(?:\.gz)?$/i.exec(basename(file)) ?? [];
  const name = [stem, ...parts.filter((part) => part !== null)].join("_");
  const plain = name.replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, "_");
  const format = ending.toLowerCase();
  return ending === "" ? plain : `${plain}.${formats[format] ?? format}`;
}

/**
 * Starts `dsbm sample`.
 * @throws {RunError}
 */
export function sampleFile(
  desk: Desk,
  { run, file, direction, steps }: SamplingRequest & { file: string },
): JobView | null {
  const places = [desk.runPlace(run), desk.placeOf(file)];
  const out = desk.outputPlace(run, outputName(file, [direction, steps]));
  const options = [`direction=${direction}`, ...stepWords(steps), "overwrite=true"];
  return desk.startOn(run, ["sample", ...places, out, ...options]);
}

/**
 * Starts `dsbm annotate`; an empty time is the last, and an empty column gives no fates.
 * @throws {RunError}
 */
export function annotateFile(
  desk: Desk,
  { run, file, at, fate }: { run: string; file: string; at: string; fate: string },
): JobView | null {
  const places = [desk.runPlace(run), desk.placeOf(file)];
  const out = desk.outputPlace(run, outputName(file, ["annotated", at || null], annotationEndings));
  const options = Object.entries({ at, fate }).filter(([, text]) => text !== "");
  const words = options.map(([key, text]) => desk.program.setting(key, text));
  return desk.startOn(run, ["annotate", ...places, out, ...words, "overwrite=true"]);
}

const cellOf = (text: string): string | number => {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
};

/**
 * Several draws of one row, as a table at a first look.
 * @throws {RunError}
 */
export async function drawRow(
  desk: Desk,
  request: SamplingRequest & { row: Readonly<Record<string, string>>; draws: number },
  signal: AbortSignal,
): Promise<FitTable> {
  const { run, row, draws, direction, steps } = request;
  const place = desk.runPlace(run);
  const temporary = mkdtempSync(join(tmpdir(), "dsbm-studio-"));
  const rows = join(temporary, "row.csv");
  const samples = join(temporary, "samples.csv");
  try {
    const cells = Object.entries(row).map(([name, text]) => [name, cellOf(text)] as const);
    const table = {
      columns: Object.keys(row),
      rows: Array.from({ length: draws }, () => Object.fromEntries(cells)),
    };
    writeFileSync(rows, formatCsv(table));
    const options = [`direction=${direction}`, ...stepWords(steps)];
    await desk.jobs.answer(["sample", place, rows, samples, ...options], signal);
    return JSON.parse(await desk.jobs.answer(["look", samples, "--json"], signal));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Starts `dsbm evaluate` with another sampler; its table is an output of the run.
 * @throws {RunError}
 */
export function evaluateRun(
  desk: Desk,
  { run, steps, solver }: { run: string; steps: number | null; solver: string },
): JobView | null {
  const size = solver === "sde" ? steps : null;
  const out = desk.outputPlace(run, evaluationFile(solver, size));
  const options = [`solver=${solver}`, ...stepWords(size), desk.program.setting("out", out)];
  return desk.startOn(run, ["evaluate", desk.runPlace(run), ...options]);
}

/**
 * Starts `dsbm export`: a page, or the models.
 * @throws {RunError}
 */
export function exportRun(desk: Desk, run: string, kind: "page" | "onnx"): JobView | null {
  const out = desk.outputPlace(run, kind === "page" ? "bridge.html" : "onnx");
  return desk.startOn(run, ["export", desk.runPlace(run), out, "overwrite=true"]);
}
