// Writes samples as rows of a table in the data's own units, with kept columns.
import { ConfigError } from "@dsbm/config";
import {
  type CarriedCell,
  type CarriedColumn,
  type NumberColumn,
  type OutputFormat,
  openTableWriter,
  outputFormat,
  type TableWriter,
} from "@dsbm/data";
import { errnoOf, fileError, stageFile } from "@dsbm/files";
import { tidy } from "@dsbm/torch";
import { unitsOf } from "../units.js";
import type { Output, OutputOptions } from "./output.js";

export function tableOutput(path: string, options: OutputOptions): Output {
  const { trained, input, times, seen } = options;
  const format = outputFormat(path) as OutputFormat;
  const units = unitsOf(trained);
  const numberColumns = units.columns(input.table?.names);
  const columns: NumberColumn[] = trained.method.mass
    ? [...numberColumns, { name: "weight", dtype: "float32" }]
    : numberColumns;
  const names = columns.map(({ name }) => name);
  const keptColumns = input.table?.carried ?? [];
  const carried: readonly CarriedColumn[] =
    times && keptColumns.length === 0 ? [{ name: "row", kind: "integer" }] : keptColumns;
  const all = [...carried.map(({ name }) => name), ...(times ? ["t"] : []), ...names];
  const twice = all.find((name, i) => all.indexOf(name) < i);
  if (twice !== undefined)
    throw new ConfigError(
      "usage",
      `OUT ${path} would have two columns ${twice}${times && (twice === "t" || twice === "row") ? ", of which path=true adds one: write a .npz file" : ": rename one"}`,
    );
  const replacement = stageFile(path);
  const writing = writingTo(path);
  let writer: TableWriter | null = null;
  const discard = () => {
    units.dispose();
    writer?.abandon();
    replacement.discard();
  };
  const open = () => {
    writer ??= openTableWriter(replacement.temporary, {
      format,
      carried,
      columns: times ? [{ name: "t", dtype: "float64" }, ...columns] : columns,
    });
    return writer;
  };
  let rows = 0;
  let states: Float64Array[][] = [];
  return {
    about: () => `${path}, ${rows} rows of ${all.length} columns`,
    async put(x, { k, first, carried: cells, weights }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      if (k === (times?.length ?? 1) - 1) seen?.(numbers);
      if (weights) numbers.push(Float64Array.from(weights.toNumbers()));
      if (!times) {
        const count = x.size(0);
        await writing(() => open().write({ count, numbers, carried: cells }));
        rows += count;
        return;
      }
      states.push(numbers);
      if (k < times.length - 1) return;
      const ids = keptColumns.length === 0 ? [rowNumbers(first, x.size(0))] : cells;
      const long = longRows(states, { times, ids });
      states = [];
      await writing(() => open().write(long));
      rows += long.count;
    },
    async commit() {
      await writing(() => open().close());
      replacement.commit();
    },
    discard,
  };
}

export const writingTo =
  (path: string) =>
  async <T>(operation: () => T | Promise<T>): Promise<T> => {
    try {
      return await operation();
    } catch (error) {
      throw errnoOf(error) === undefined ? error : fileError("write", path, error);
    }
  };

const rowNumbers = (first: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => BigInt(first + i));

function longRows(
  states: readonly Float64Array[][],
  { times, ids }: { times: readonly number[]; ids: readonly (readonly CarriedCell[])[] },
) {
  const steps = times.length;
  const n = states[0]?.[0]?.length ?? 0;
  const count = n * steps;
  const column = (value: (row: number, k: number) => number) =>
    Float64Array.from({ length: count }, (_, i) => value(Math.floor(i / steps), i % steps));
  const width = states[0]?.length ?? 0;
  return {
    count,
    numbers: [
      column((_, k) => times[k] as number),
      ...Array.from({ length: width }, (_, c) =>
        column((row, k) => states[k]?.[c]?.[row] as number),
      ),
    ],
    carried: ids.map((cells) => cells.flatMap((cell) => Array<CarriedCell>(steps).fill(cell))),
  };
}
