// Datasets whose masses change: growth, total mass and W1 next to the truth, by `dsbm fit` with masses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rowsByMass, stream, wasserstein } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { Bridge } from "@dsbm/inference";
import { parseCsv } from "@dsbm/runs";
import { cat, full, io, ones, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow, type Values } from "../benchmark.js";
import { mean } from "../table.js";

type Rows = readonly (readonly number[])[];

/** Weighted samples in the units of the data. */
interface Grown {
  x: Tensor;
  weights: Tensor;
}

const tensorOf = (rows: Rows): Tensor => tensor(rows as number[][], { dtype: "float64" });

/** Carries rows in the data's units from one time to another. */
export async function grow(
  bridge: Bridge,
  rows: Tensor,
  times: { from?: string; to?: string } = {},
) {
  const start = enter(bridge, rows);
  const { x, weights } = await bridge.sample(start, { direction: "f", seed: 1, ...times });
  start.dispose();
  const columns = bridge.units.undo(x);
  x.dispose();
  return tidy((): Grown => {
    const n = rows.size(0);
    const joined = columns.map((column) => tensor(column, { dtype: "float64" }).reshape([n, 1]));
    const masses = weights?.to("float64") ?? ones([n], { dtype: "float64" });
    return { x: cat(joined, { dim: 1 }).keep(), weights: masses.keep() };
  });
}

const enter = (bridge: Bridge, rows: Tensor): Tensor => {
  const columns = tidy(() =>
    rows.unbind({ dim: 1 }).map((column) => Float64Array.from(column.toNumbers())),
  );
  return bridge.units.apply(columns);
};

/** Systematic resampling rounds masses to multiples of one over the number of copies. */
const copies = 8;

/** Exact W1 of weighted samples to rows of equal weight. */
export const weightedW1 = ({ x, weights }: Grown, y: Tensor): number =>
  tidy(() => {
    const all = x.repeat([copies, 1]);
    const drawn = all.indexSelect(0, rowsByMass(weights.repeat([copies])));
    return wasserstein(drawn, y, { p: 1 }).value;
  });

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  const [u, v] = [(i: number) => (a[i] as number) - meanA, (i: number) => (b[i] as number) - meanB];
  const scale = Math.sqrt(product((i) => u(i) ** 2) * product((i) => v(i) ** 2));
  return product((i) => u(i) * v(i)) / scale;
}

/** The time course of a CSV: its first column is the time, and the number of rows is the mass. */
function gene(path: string): Case {
  const { columns: head, rows: lines } = parseCsv(readFileSync(path, "utf8"));
  if (head.length !== 3)
    throw new ConfigError(
      "usage",
      `${path} has ${head.length} columns; expected 3: a time, x1 and x2, such as in gene.csv of DeepRUOT`,
    );
  const table = lines.map((line) => head.map((column) => Number(line[column])));
  const times = [...new Set(table.map(([time]) => time as number))].sort((a, b) => a - b);
  const days = times.map((t) => table.filter(([time]) => time === t).map(([, ...x]) => x));
  const growthOf = ([, x2 = 0]: readonly number[]) => x2 ** 2 / (1 + x2 ** 2);
  return {
    name: "gene",
    words: () => [
      ...[path, `time=${head[0]}`, `mass=${days.map(({ length }) => length)}`],
      // As published, all rows are trained on.
      ...["data.test_fraction=0.001", "max_minutes=2"],
    ],
    async measure({ folder }): Promise<Values> {
      using bridge = Bridge.open(folder);
      const first = days[0] as Rows;
      const w1: number[] = [];
      const errors: number[] = [];
      for (const [k, day] of days.entries()) {
        if (k === 0) continue;
        const span = { from: `${times[0]}`, to: `${times[k]}` };
        const grown = await grow(bridge, tensorOf(first), span);
        w1.push(weightedW1(grown, tensorOf(day)));
        const total = mean(grown.weights.toNumbers()) * first.length;
        errors.push(Math.abs(total / day.length - 1));
      }
      const field = bridge.growth();
      const rates = days.flatMap((day, k) =>
        tidy(() => {
          const x = enter(bridge, tensorOf(day));
          const t = full([x.size(0)], k / (days.length - 1));
          return field?.(x, t).toNumbers() ?? [];
        }),
      );
      const truth = days.flat().map(growthOf);
      return { w1: mean(w1), mass_error: mean(errors), growth: correlation(rates, truth) };
    },
  };
}

const rowsOfEnd = 1000;
/** Of both clusters in every coordinate: ±away, and later also `moved`. */
const away = 3;
const moved = 0.5;
const shares = { source: 1 / 4, target: 3 / 4 };

/** Rows of two Gaussian clusters, the growing one first. */
function clusters(end: keyof typeof shares, d: number, purpose = "data"): Tensor {
  const n = rowsOfEnd;
  const growing = shares[end] * n;
  const side = (count: number, at: number) => full([count, d], at);
  const noise = randn([n, d], { generator: stream(1, `benchmark/growth/${end}/${d}/${purpose}`) });
  const centres = cat([side(growing, -away), side(n - growing, away)]);
  return centres.add(noise).add(end === "target" ? moved : 0);
}

/** Two Gaussians whose masses 1:3 become 3:1 while both move. */
const gaussians = (d: number): Case => ({
  name: `gaussians-${d}`,
  words: (files) => [
    ...[join(files, `source-${d}.npy`), join(files, `target-${d}.npy`)],
    ...["mass=1,1", "max_minutes=2"],
  ],
  async prepare(files) {
    for (const end of ["source", "target"] as const)
      writeFileAtomic(join(files, `${end}-${d}.npy`), io.encodeNpy(clusters(end, d)));
  },
  async measure({ folder }): Promise<Values> {
    using bridge = Bridge.open(folder);
    const start = clusters("source", d, "new");
    const target = clusters("target", d, "new");
    const grown = await grow(bridge, start);
    const growing = shares.source * rowsOfEnd;
    const gained = grown.weights.toNumbers();
    const factors = [3, 1 / 3];
    const masses = [gained.slice(0, growing), gained.slice(growing)].map(mean);
    const truth = gained.map((_, i) => Math.log(factors[i < growing ? 0 : 1] as number));
    return {
      w1: weightedW1(grown, target),
      w1_floor: wasserstein(clusters("target", d, "other"), target, { p: 1 }).value,
      mass_error: mean(masses.map((m, i) => Math.abs(m / (factors[i] as number) - 1))),
      growth: correlation(gained.map(Math.log), truth),
    };
  },
});

/** The benchmark, with a time course of a file if there is one. */
export function growth(path: string | undefined): Benchmark {
  const cases = [...(path === undefined ? [] : [gene(path)]), ...[2, 50, 1000].map(gaussians)];
  const publishedOf = (label: string, numbers: readonly (number | null)[]) =>
    ["w1", "mass_error", "growth"].flatMap((metric, i) => {
      const value = numbers[i] ?? null;
      return value === null ? [] : [publishedRow({ metric, columns: ["gene"] }, label, [value])];
    });
  return {
    name: "growth",
    about: "datasets whose masses change, from `dsbm fit` with masses in two minutes",
    command: "fit",
    cases,
    methods: [
      { name: "wfr", words: ["method=wfr"] },
      { name: "wfr_bridge", words: ["method=wfr_bridge"] },
    ],
    seeds: [1, 2, 3, 4, 5],
    quick: { cases: ["gaussians-2"] },
    metrics: [
      {
        ...{ name: "w1", title: "exact W1 of weighted samples, mean over the times", digits: 4 },
        beside: { "other samples of the target": "w1_floor" },
      },
      { name: "mass_error", title: "relative error of the mass", digits: 4 },
      { name: "growth", title: "correlation with the true growth", digits: 4, best: 1 },
    ],
    published: [
      ...publishedOf("WFR-FM", [0.019, 0.001, 0.991]),
      ...publishedOf("TIGON", [0.045, 0.014, 0.971]),
      ...publishedOf("DeepRUOT", [0.043, 0.017, null]),
      ...publishedOf("VGFM", [0.046, 0.006, null]),
      ...publishedOf("SF2M", [0.224, null, null]),
    ],
    notes: [
      "`gene` is trained and measured on all rows, as published: samples of the first time are transported to each later time. Its growth is the rate at all rows.",
      "`gaussians-d` are two clusters in d dimensions, whose masses 1:3 become 3:1 while they move. Samples are new. Growth is the log mass that a sample gains, and the error of the mass is that of each cluster.",
    ],
  };
}
