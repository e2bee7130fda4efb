// choices.json of a run folder: what was chosen and why. A resumed run reads it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { checkFiles, readJson } from "@dsbm/runs";
import { z } from "zod";

const choiceSchema = z.strictObject({
  key: z.string().regex(/^[A-Za-z_][\w.]*$/),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  reason: z.string(),
  /** Whether it was typed. */
  given: z.boolean(),
  /** Whether it only organises the run: tables and reports leave it out. */
  organising: z.boolean().optional(),
});

/** A choice as choices.json has it. */
export type Choice = z.output<typeof choiceSchema>;

/** Null where there are none. Throws a ConfigError for a damaged file. */
export function readChoices(folder: string): Choice[] | null {
  const path = join(folder, "choices.json");
  if (!existsSync(path)) return null;
  checkFiles(folder, ["choices.json"]);
  const found = z.array(choiceSchema).safeParse(readJson(path));
  if (found.success) return found.data;
  throw new ConfigError(
    "usage",
    `${path} is no list of choices: delete it, or add --again to start over`,
  );
}
