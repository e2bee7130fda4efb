// extension.json of a run folder: the length that `dsbm extend` gave it. The words that began the run go on with the
// longer one.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { readJson } from "@dsbm/runs";
import { z } from "zod";

const count = z.int().min(1);
const extensionSchema = z.strictObject({
  n_ipf: count,
  half_iterations: count,
  first_num_iter: count,
  num_iter: count,
});

/** The keys that say how long a run is, with their new values. */
export type Extension = z.output<typeof extensionSchema>;

export const lengthKeys = Object.keys(extensionSchema.shape) as (keyof Extension)[];

export const extensionFile = "extension.json";

/** Null where the run is as long as its words say. Throws a ConfigError for a damaged file. */
export function readExtension(folder: string): Extension | null {
  const path = join(folder, extensionFile);
  if (!existsSync(path)) return null;
  const found = extensionSchema.safeParse(readJson(path));
  if (found.success) return found.data;
  throw new ConfigError(
    "usage",
    `${path} does not say how long the run is: delete it, and extend the run again`,
  );
}

/** The configuration with the length that the run was given later. */
export const extended = <C extends CompleteTrainConfig>(
  config: C,
  extension: Extension | null,
): C => ({ ...config, ...extension });
