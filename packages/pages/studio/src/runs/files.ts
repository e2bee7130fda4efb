import { checkAs, fromJson, parseQuality, type Quality } from "@dsbm/runs";
import { z } from "zod";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";

const text = z.string().catch("");
const number = z.number().nullable().catch(null);

/** The keys of config.json that pages show. */
export const configFacts = z.object({
  name: text,
  method: text,
  Dataset: text,
  Dataset_transfer: text,
  transfer: z.unknown().optional(),
  seed: number,
  half_iterations: number,
  data: z
    .object({ dim: number, source: text, target: text, split_by: z.unknown() })
    .partial()
    .catch({}),
});
type ConfigFacts = z.output<typeof configFacts>;

/** The names of source and target of a configuration. */
export function endsOf({ data, Dataset, Dataset_transfer, transfer }: ConfigFacts) {
  if (data.split_by) return { source: data.source ?? "", target: data.target ?? "" };
  const short = (value: string) => value.replace(/^\w+:/, "").replace(/^.*\/(?=.)/, "");
  return { source: short(Dataset), target: transfer ? short(Dataset_transfer) : "gaussian" };
}

/** What people write about a run. */
export const noteFile = "note.txt";
/** The longest note in bytes. */
export const longestNote = 20_000;

/** Whether a value is an object with keys. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/**
 * Reads a JSON file by its schema.
 * @throws {RunError} with the cure.
 */
export function readAs<T extends z.ZodType>(
  folder: Folder,
  path: string,
  schema: T,
  cure = "restore it from a copy, or delete the run and run again",
): z.output<T> {
  return checkAs(fromJson(folder.text(path), path, cure), path, { schema, cure });
}

/**
 * Reads the evaluation of a run.
 * @throws {RunError} with the command that evaluates again.
 */
export const readQuality = (folder: Folder, run: string): Quality =>
  parseQuality(folder.text(pathBelow(run, "quality.json")), folder.resolve(run));
