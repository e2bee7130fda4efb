// A run of few steps: the run that it learns from, and both side by side.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, sha256OfFile } from "@dsbm/files";
import { z } from "zod";
import { listOf, readIfAs, realNumber, toJson } from "../files/json.js";
import { writeRunFile } from "./checksums.js";
import { autoencoderFile, runPaths } from "./layout.js";
import { metricRowSchema } from "./quality.js";

const teacherSchema = z.object({
  /** The folder of the run when it was copied. */
  run: z.string(),
  /** Its method. */
  method: z.string(),
  /** Steps of its sampler. */
  steps: realNumber,
  /** SHA-256 of its weights, by file. */
  sha256: z.record(z.string(), z.string()),
});

/** teacher.json: which run a run of few steps learns from. */
export type TeacherFacts = z.output<typeof teacherSchema>;

const teacherFile = "teacher.json";

/**
 * Returns null for a run without a teacher.
 * @throws {RunError} "corrupt" for invalid JSON.
 */
export const readTeacher = (folder: string): TeacherFacts | null =>
  readIfAs(join(folder, teacherFile), teacherSchema);

/** Files of a run that sampling needs; the weights come from its half-iterations. */
const samplingFiles = [
  "config.json",
  "data.json",
  "projection.safetensors",
  autoencoderFile,
  "choices.json",
];

/**
 * Copies what sampling needs of a run, with these weights, into the folder `teacher` of another run.
 * @throws {FileError}
 */
export function keepTeacher(
  folder: string,
  { run, weights, ...facts }: Omit<TeacherFacts, "sha256"> & { weights: readonly string[] },
): void {
  const { teacher } = runPaths(folder);
  makeFolder(teacher);
  const copy = (file: string) => writeRunFile(teacher, file, readFileSync(join(run, file)));
  for (const file of [...samplingFiles, "run.json", ...weights])
    if (existsSync(join(run, file))) copy(file);
  const sha256 = Object.fromEntries(
    weights.map((file) => [file, sha256OfFile(join(teacher, file))]),
  );
  writeRunFile(folder, teacherFile, `${toJson({ run, ...facts, sha256 }, { indent: 2 })}\n`);
}

const comparisonSchema = z.object({
  /** The teacher, then the run in one step or more. */
  samplers: listOf(
    z.object({
      /** The teacher, or the run of few steps. */
      of: z.enum(["teacher", "run"]),
      steps: realNumber,
      rows: z.array(metricRowSchema),
    }),
  ),
});

/** few_steps.json: metrics of the teacher and of the run by their number of steps. */
export type StepComparison = z.output<typeof comparisonSchema>;

const comparisonFile = "few_steps.json";

/**
 * Writes few_steps.json.
 * @throws {FileError}
 */
export const writeStepComparison = (folder: string, comparison: StepComparison): string =>
  writeRunFile(folder, comparisonFile, `${toJson(comparison, { indent: 2 })}\n`);

/**
 * Returns null for a run without it.
 * @throws {RunError} "corrupt" for invalid JSON.
 */
export const readStepComparison = (folder: string): StepComparison | null =>
  readIfAs(join(folder, comparisonFile), comparisonSchema);
