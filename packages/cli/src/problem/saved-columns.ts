// The columns that a run was trained on, as data.json in its folder says it: names, transform and condition.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ColumnTransform } from "@dsbm/data";
import { UsageError } from "../terminal/errors.js";
import type { Columns } from "./columns.js";

/** What sampling needs of the columns. */
export type SavedColumns = Omit<Columns, "describe">;

/** Reads the columns of a run; null for a run on other data than tables. Throws a UsageError for a damaged file. */
export function readColumns(folder: string): SavedColumns | null {
  const path = join(folder, "data.json");
  if (!existsSync(path)) return null;
  try {
    return columnsOf(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${path} does not say the columns of the run (${why}): restore it, or train again`,
    );
  }
}

function columnsOf(saved: unknown): SavedColumns | null {
  const { source, columns, kept, condition, conditions, transform } = group(saved, "it");
  if (group(source, "source").kind !== "table") return null;
  const names = list(columns, "columns").map((one) => text(group(one, "columns").name, "name"));
  const { log1p, standardise, mean, std } = group(transform, "transform");
  const numbers = (value: unknown, what: string): number[] => {
    const all = list(value, what);
    if (all.length !== names.length || !all.every((x) => Number.isFinite(x)))
      throw new Error(`${what}: expected a number for each column`);
    return all as number[];
  };
  const found = conditions === null ? null : group(conditions, "conditions");
  const classes = found?.classes ?? null;
  return {
    names,
    kept: list(kept, "kept").map((name) => text(name, "kept")),
    transform: {
      log1p: log1p === true,
      standardise: text(standardise, "standardise") as ColumnTransform["standardise"],
      mean: numbers(mean, "mean"),
      std: numbers(std, "std"),
    },
    condition: found && {
      name: text(condition, "condition"),
      classes: classes === null ? null : list(classes, "classes").map((one) => text(one, "class")),
      mean: Number(found.mean),
      std: Number(found.std),
    },
  };
}

function group(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Error(`${what}: expected an object`);
}

function list(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${what}: expected a list`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw new Error(`${what}: expected a text`);
}
