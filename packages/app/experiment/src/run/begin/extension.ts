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

export type Extension = z.output<typeof extensionSchema>;

export const lengthKeys = Object.keys(extensionSchema.shape) as (keyof Extension)[];

export const extensionFile = "extension.json";

/** Returns null if the run was not extended. Throws a ConfigError for a damaged file. */
export function readExtension(folder: string): Extension | null {
  const path = join(folder, extensionFile);
  if (!existsSync(path)) return null;
  const result = extensionSchema.safeParse(readJson(path));
  if (result.success) return result.data;
  throw new ConfigError(
    "usage",
    `${path} does not hold the length of the run: delete it, and extend the run again`,
  );
}

export const extended = <C extends CompleteTrainConfig>(
  config: C,
  extension: Extension | null,
): C => ({ ...config, ...extension });
