import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import {
  type ColumnBounds,
  type ColumnCondition,
  type ColumnTransform,
  type Limits,
  limitsOf,
} from "@dsbm/data";
import { checkFiles } from "@dsbm/runs";
import { z } from "zod";

const names = z.array(z.string());
const numbers = z.array(z.number());

const range = z.object({ min: z.number(), max: z.number() });

const column = z.object({
  name: z.string(),
  source: range,
  target: range.nullable(),
  whole: z.boolean().default(false),
});

const saved = z.object({
  columns: z.array(column).min(1),
  kept: names,
  transform: z.object({
    log1p: z.boolean(),
    standardise: z.enum(["columns", "global", "none"]),
    mean: numbers,
    std: z.array(z.number().nonnegative()),
  }),
  conditioning: z
    .object({ name: z.string(), classes: names.nullable(), mean: z.number(), std: z.number() })
    .nullish(),
});

export interface RunColumns {
  names: readonly string[];
  /** Whether the tables had names; otherwise the columns are c0, c1, … */
  named: boolean;
  kept: readonly string[];
  transform: ColumnTransform;
  condition: ColumnCondition | null;
  bounds: ColumnBounds;
  limits: Limits | null;
}

/** Null for a run of other data. Throws a ConfigError if data.json is missing or damaged. */
export function readColumns(
  folder: string,
  { Dataset, data }: Pick<CompleteTrainConfig, "Dataset" | "data">,
): RunColumns | null {
  if (!Dataset.startsWith("table:")) return null;
  const path = join(folder, "data.json");
  const use = "which says how its columns were standardised";
  if (!existsSync(path))
    throw new ConfigError(
      "usage",
      `${path} is not there, ${use}: copy it with the run, or train it again`,
    );
  checkFiles(folder, ["data.json"]);
  const result = saved.safeParse(parsed(path));
  const d = result.data?.columns.length;
  if (
    !result.success ||
    result.data.transform.mean.length !== d ||
    result.data.transform.std.length !== d
  )
    throw new ConfigError("usage", `${path} is damaged, ${use}: copy it from the run again`);
  const { columns, kept, transform, conditioning = null } = result.data;
  const all = columns.map(({ name }) => name);
  const target = columns.flatMap((one) => one.target ?? []);
  const bounds = {
    source: columns.map(({ source }) => source),
    target: target.length > 0 ? target : null,
    whole: columns.map(({ whole }) => whole),
  };
  return {
    names: all,
    named: all.some((name, k) => name !== `c${k}`),
    kept,
    transform,
    condition: conditioning,
    bounds,
    limits: limitsOf(all, bounds, data),
  };
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
