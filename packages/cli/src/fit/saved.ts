// choices.json of a run folder: what was chosen and why. A run that goes on reads its choices again.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkFiles, readJson } from "@dsbm/runs";
import { z } from "zod";
import { UsageError } from "../terminal/errors.js";
import type { Choice } from "./choose.js";

const choicesSchema = z.array(
  z.strictObject({
    key: z.string().regex(/^[A-Za-z_][\w.]*$/),
    value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
    reason: z.string(),
    given: z.boolean(),
    organising: z.boolean().optional(),
  }),
);

/** The choices of the run in a folder; null where it has none. Throws a UsageError for a damaged file. */
export function readChoices(folder: string): Choice[] | null {
  const path = join(folder, "choices.json");
  if (!existsSync(path)) return null;
  checkFiles(folder, ["choices.json"]);
  const found = choicesSchema.safeParse(readJson(path));
  if (found.success) return found.data;
  throw new UsageError(`${path} is no list of choices: delete it, or add --again to start over`);
}
