// choices.json of a run folder: each choice and its reason, read when the run resumes.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { checkFiles, readJson } from "@dsbm/runs";
import { z } from "zod";

const choiceSchema = z.strictObject({
  key: z.string().regex(/^[A-Za-z_][\w.]*$/),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  reason: z.string(),
  /** Whether the user gave it. */
  given: z.boolean(),
  /** Whether it only organises the run: tables and reports skip it. */
  organising: z.boolean().optional(),
});

export type Choice = z.output<typeof choiceSchema>;

/** Returns null if the run has no choices. Throws a ConfigError for a damaged file. */
export function readChoices(folder: string): Choice[] | null {
  const path = join(folder, "choices.json");
  if (!existsSync(path)) return null;
  checkFiles(folder, ["choices.json"]);
  const result = z.array(choiceSchema).safeParse(readJson(path));
  if (result.success) return result.data;
  throw new ConfigError(
    "usage",
    `${path} is not a list of choices: delete it, or add --again to start over`,
  );
}
