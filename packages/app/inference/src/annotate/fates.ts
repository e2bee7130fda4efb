import { hash32 } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { cleanRows, type RowSource } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import { timeLabel } from "../plan.js";

/** Target cells with classes. */
export interface FateCells {
  /** [m, d], in the network's units. */
  x: Tensor;
  /** Names of the classes. */
  classes: readonly string[];
  /** The class of each cell, an index. */
  codes: readonly number[];
}

/** More cells make distances slow, and shares hardly better. */
const mostCells = 10_000;
const mostClasses = 100;

interface FateOptions {
  column: string;
  /** Numeric columns of the run. */
  names: readonly string[];
  missing: "error" | "drop";
  /** Only these rows; null: all. */
  where: string | null;
  seed: number;
  signal: AbortSignal | undefined;
  /** The time of the cells (default: the last). */
  at?: string;
}

/**
 * Reads at most 10,000 random cells of the last time.
 * @throws {ConfigError} without these cells or their classes.
 */
export async function fateCells(
  source: RowSource,
  bridge: Bridge,
  { column, names, missing, where, seed, signal, at }: FateOptions,
): Promise<FateCells> {
  const { config } = bridge.trained;
  const { split_by } = config.data;
  const refuse = (problem: string) => new ConfigError(`fate=${column}: ${source.path} ${problem}`);
  if (split_by === null || !source.columns.some(({ name }) => name === split_by))
    throw refuse(
      `has no column of times that ${bridge.trained.folder} was trained on: expected cells of the last time with their classes; train with time=COLUMN`,
    );
  const last = at ?? timeLabel(config, 1);
  const cells: { row: number[]; label: string; rank: number }[] = [];
  const keepLeast = (most: number) => {
    cells.sort((a, b) => a.rank - b.rank);
    cells.length = Math.min(cells.length, most);
  };
  const labels = new Set<string>();
  for await (const { rows, numbers, texts } of cleanRows(source, {
    numbers: names,
    texts: [column],
    group: { column: split_by, value: last },
    log1p: config.data.log1p,
    where: where ?? undefined,
    missing,
    signal,
  })) {
    for (const [i, text] of texts[0].entries()) {
      const label = text.trim();
      if (label === "") continue;
      labels.add(label);
      if (labels.size > mostClasses)
        throw refuse(`has more than ${mostClasses} different texts there: expected classes`);
      const row = numbers.map((values) => values[i]);
      cells.push({ row, label, rank: hash32(`fate/${seed}/${rows[i]}`) });
    }
    if (cells.length > 4 * mostCells) keepLeast(mostCells);
  }
  keepLeast(mostCells);
  if (cells.length === 0) throw refuse(`has no class in rows with ${split_by}=${last}`);
  const classes = [...labels].toSorted();
  const columns = names.map((_, k) => Float64Array.from(cells, ({ row }) => row[k]));
  return {
    x: bridge.units.apply(columns),
    classes,
    codes: cells.map(({ label }) => classes.indexOf(label)),
  };
}
