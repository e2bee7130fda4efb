// What must hold of every training and every sample, whatever the method learns.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openBridge } from "../../../../packages/command/cli/dist/index.js";
import {
  type Check,
  type CheckContext,
  distance,
  endsOf,
  forward,
  lawLimit,
  newRows,
  oneIteration,
  runOf,
} from "./check.js";
import { line, momentsAlong, plane } from "./gaussians.js";
import { sampleByCommand, sampleByExport, type Table } from "./runs.js";

const inUnits = (unit: number) => (row: readonly number[]) => row.map((x) => x * unit);

const unitCheck = (name: string, unit: number): Check => ({
  name,
  meaning: `data in units ${name.split(" ")[1]} as large: the same samples in these units`,
  limit: () => 0.01,
  async measure(context) {
    const run = await runOf(context, name.replaceAll(" ", "_"), { change: inUnits(unit) });
    const rows = newRows(context.size);
    const ends = await endsOf(context, run, rows.map(inUnits(unit)));
    return distance(ends.map(inUnits(1 / unit)), await endsOf(context, await runOf(context)));
  },
});

const withConstant = (row: readonly number[]) => [...row, 5];

/** The samples of a copy of a run, elsewhere. */
async function endsOfCopy(context: CheckContext, run: string): Promise<Table> {
  const copy = join(context.folder, "copy");
  rmSync(copy, { recursive: true, force: true });
  {
    using bridge = openBridge(run, { threads: 1 });
    bridge.save(copy);
  }
  return endsOf(context, copy);
}

/** 0 if all numbers are finite. */
const unlessFinite = (table: Table): number =>
  table.every((row) => row.every(Number.isFinite)) ? 0 : Number.POSITIVE_INFINITY;

/** The methods that draw their ends at once have one random number a row, in whatever order. */
const drawsPlan: Check["skips"] = ({ facts }) =>
  facts.drawsPlan ? "it draws its ends with another noise" : null;

/** Checks of properties, at both sizes. */
export const propertyChecks: readonly Check[] = [
  {
    name: "subset",
    meaning: "a part of the rows samples as in the whole",
    // Products of fewer rows round otherwise.
    limit: () => 1e-5,
    async measure(context) {
      const run = await runOf(context);
      const rows = newRows(context.size);
      const whole = await endsOf(context, run, rows);
      return distance(await endsOf(context, run, rows.slice(0, 7)), whole.slice(0, 7));
    },
  },
  unitCheck("units 1e6", 1e6),
  unitCheck("units 1e-6", 1e-6),
  {
    name: "constant column",
    meaning: "a column with one value keeps it",
    limit: () => 1e-3,
    async measure(context) {
      const run = await runOf(context, "constant", { change: withConstant });
      const ends = await endsOf(context, run, newRows(context.size).map(withConstant));
      return distance(
        ends.map((row) => [row[2] ?? Number.NaN]),
        ends.map(() => [5]),
      );
    },
  },
  {
    name: "single column",
    meaning: "a table of one column trains and samples finite numbers",
    limit: () => 0,
    async measure(context) {
      const run = await runOf(context, "line", { problem: line });
      return unlessFinite(await endsOf(context, run, newRows(context.size, "f", line)));
    },
  },
  {
    name: "two rows",
    mayRefuse: true,
    meaning: "two rows a side train and sample finite numbers, or are refused in one line",
    limit: () => 0,
    async measure(context) {
      const options = { batch_size: 1, num_iter: 10, mixture_components: 1 };
      const run = await runOf(context, "two", { rows: 2, options });
      return unlessFinite(await endsOf(context, run));
    },
  },
  {
    name: "save = load",
    meaning: "a copy of the run elsewhere gives the same samples",
    limit: () => 0,
    async measure(context) {
      const run = await runOf(context);
      return distance(await endsOfCopy(context, run), await endsOf(context, run));
    },
  },
  {
    name: "same seed",
    meaning: "the same training again gives the same samples",
    limit: () => 0,
    async measure(context) {
      const again = await runOf(context, "again");
      return distance(await endsOf(context, again), await endsOf(context, await runOf(context)));
    },
  },
  {
    name: "command",
    meaning: "`dsbm sample` gives the samples of the library",
    limit: () => 1e-5,
    async measure(context) {
      const run = await runOf(context);
      const rows = newRows(context.size);
      const ends = await sampleByCommand(run, rows, { ...forward, line: context.line });
      return distance(ends, await endsOf(context, run, rows));
    },
  },
  {
    name: "columns swapped",
    meaning: "NEW with its columns in another order gives the same samples",
    limit: () => 1e-5,
    async measure(context) {
      const run = await runOf(context);
      const rows = newRows(context.size);
      const ends = await sampleByCommand(
        run,
        rows.map((row) => row.toReversed()),
        { ...forward, line: context.line, names: ["b", "a"] },
      );
      return distance(ends, await endsOf(context, run, rows));
    },
  },
  {
    name: "export",
    mayRefuse: true,
    meaning:
      "the sampler of an export gives the samples of the library, or export says in one line why not",
    limit: () => 2e-3,
    skips: drawsPlan,
    async measure(context) {
      const run = await runOf(context);
      const rows = newRows(context.size);
      const { end } = await sampleByExport(run, rows, forward);
      return distance(end, await endsOf(context, run, rows));
    },
  },
];

/** Another plan changes nothing here. */
const hasSampler: Check["skips"] = ({ sampler }) =>
  sampler === null ? null : "it is checked without ot_sampler";

/** Checks of trainings that must have learnt, at full size. */
export const learntChecks: readonly Check[] = [
  {
    name: "source = target",
    meaning: "between equal datasets the variance stays, as a share",
    limit: lawLimit,
    isFullOnly: true,
    skips: hasSampler,
    async measure(context) {
      const tables = ({ source }: { source: Table; target: Table }) => ({ source, target: source });
      const run = await runOf(context, "equal", { tables, options: oneIteration(context) });
      const [moments, want] = [await endsOf(context, run), newRows(context.size)].map((rows) =>
        momentsAlong(plane, rows),
      );
      const ratios = moments!.covariance.map((value, k) => value / want!.covariance[k]! - 1);
      return Math.max(...ratios.map(Math.abs));
    },
  },
  {
    name: "columns swapped in training",
    meaning: "training on columns in another order gives the same moments, in deviations",
    limit: lawLimit,
    isFullOnly: true,
    skips: hasSampler,
    async measure(context) {
      const change = (row: readonly number[]) => row.toReversed();
      const run = await runOf(context, "swapped", { change, options: oneIteration(context) });
      const swapped = await endsOf(context, run, newRows(context.size).map(change));
      const [a, b] = [swapped.map(change), await endsOf(context, await runOf(context))].map(
        (rows) => momentsAlong(plane, rows),
      );
      const differences = (["mean", "covariance"] as const).flatMap((part) =>
        a![part].map((value, k) => Math.abs(value - b![part][k]!)),
      );
      return Math.max(...differences);
    },
  },
  {
    name: "weight 2",
    meaning: "half of the rows twice, or with weight 2: the same moments, in deviations",
    limit: lawLimit,
    isFullOnly: true,
    skips: (method) => (method.facts.mass ? "its weights are masses" : hasSampler(method)),
    async measure(context) {
      const isHeavy = (row: readonly number[]) => (row[0] ?? 0) > 0;
      const twice = (rows: Table) => rows.flatMap((row) => (isHeavy(row) ? [row, row] : [row]));
      const weighted = (rows: Table) => rows.map((row) => [...row, isHeavy(row) ? 2 : 1]);
      const copies = await runOf(context, "twice", {
        tables: ({ source, target }) => ({ source: twice(source), target: twice(target) }),
        options: oneIteration(context),
      });
      const weights = await runOf(context, "weights", {
        tables: ({ source, target }) => ({ source: weighted(source), target: weighted(target) }),
        options: { ...oneIteration(context), weights: "w", "data.exclude": ["w"] },
        names: ["a", "b", "w"],
      });
      const [a, b] = await Promise.all(
        [copies, weights].map(async (run) => momentsAlong(plane, await endsOf(context, run))),
      );
      const differences = (["mean", "covariance"] as const).flatMap((part) =>
        a![part].map((value, k) => Math.abs(value - b![part][k]!)),
      );
      return Math.max(...differences);
    },
  },
];
