// Datasets whose masses change: growth, total mass and W1 next to the truth, by `dsbm fit` with masses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { growthPlan, rowsByMass, stream, wasserstein } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { growthNumbers, loadDatasets, marginalsOf } from "@dsbm/datasets";
import { fileOperation, writeFileAtomic } from "@dsbm/files";
import { Bridge } from "@dsbm/inference";
import { parseCsv } from "@dsbm/runs";
import {
  cat,
  full,
  io,
  linspace,
  ones,
  randn,
  randperm,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow, type Values } from "../benchmark.js";
import { mean } from "../table.js";

type Rows = readonly (readonly number[])[];

/** As many steps as `fit` takes at most: `gene` trains for two minutes on two cores that nobody else uses. */
const steps = { course: { num_iter: 9000 }, twoTables: { num_iter: 3000 } };
const allRows = { "data.test_fraction": 0.001, max_minutes: null, loo: false };

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
const mostCopies = 8;
/** `wasserstein` compares a random part of more rows, which is farther away. */
const mostRows = 10_000;

/** Exact W1 of weighted samples to rows of equal weight. */
export const weightedW1 = ({ x, weights }: Grown, y: Tensor): number =>
  tidy(() => {
    const isEqual = weights.eq(weights.select(0, 0)).all().item();
    const fitting = Math.max(1, Math.floor(mostRows / x.size(0)));
    const copies = isEqual ? 1 : Math.min(mostCopies, fitting);
    const all = x.repeatInterleave(copies, { dim: 0 });
    // Copies one after the other: in rounds, each round would have the same whole numbers.
    const drawn = all.indexSelect(0, rowsByMass(weights.repeatInterleave(copies)));
    return w1(drawn, y);
  });

export const w1 = (x: Tensor, y: Tensor): number => wasserstein(x, y, { p: 1 }).value;

/** W1 between two halves of rows in random order. */
export function withinHalves(x: Tensor): number {
  return tidy(() => {
    const n = Math.floor(x.size(0) / 2);
    const order = randperm(x.size(0), { generator: stream(1, "benchmark/courses/halves") });
    const mixed = x.indexSelect(0, order);
    return w1(mixed.narrow(0, 0, n), mixed.narrow(0, n, n));
  });
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  const [u, v] = [(i: number) => (a[i] as number) - meanA, (i: number) => (b[i] as number) - meanB];
  const scale = Math.sqrt(product((i) => u(i) ** 2) * product((i) => v(i) ** 2));
  return product((i) => u(i) * v(i)) / scale;
}

/** The time course of a CSV: its first column is the time, and the number of rows is the mass. */
function gene(path: string): Case {
  const text = fileOperation("read", path, () => readFileSync(path, "utf8"));
  const { columns: head, rows: lines } = parseCsv(text);
  if (head.length !== 3)
    throw new ConfigError(
      `${path} has ${head.length} columns; expected 3: a time, x1 and x2, such as in gene.csv of DeepRUOT`,
    );
  const table = lines.map((line) => head.map((column) => Number(line[column])));
  const times = [...new Set(table.map(([time]) => time as number))].sort((a, b) => a - b);
  const days = times.map((t) => table.filter(([time]) => time === t).map(([, ...x]) => x));
  const growthOf = ([, x2 = 0]: readonly number[]) => x2 ** 2 / (1 + x2 ** 2);
  const twice = (files: string) => join(files, "gene-twice.csv");
  return {
    name: "gene",
    async prepare(files) {
      const doubled = [head, ...table, ...table].map((line) => `${line.join()}\n`);
      writeFileAtomic(twice(files), doubled.join(""));
    },
    places: (files) => [twice(files)],
    options: () => ({
      time: head[0] as string,
      mass: days.map(({ length }) => length),
      ...allRows,
      ...steps.course,
    }),
    async measure({ folder }): Promise<Values> {
      using bridge = Bridge.open(folder);
      const first = days[0] as Rows;
      const distances: number[] = [];
      const floors: number[] = [];
      const errors: number[] = [];
      for (const [k, day] of days.entries()) {
        if (k === 0) continue;
        const span = { from: `${times[0]}`, to: `${times[k]}` };
        const grown = await grow(bridge, tensorOf(first), span);
        distances.push(weightedW1(grown, tensorOf(day)));
        floors.push(withinHalves(tensorOf(day)));
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
      return {
        w1: mean(distances),
        w1_floor: mean(floors),
        mass_error: mean(errors),
        growth: correlation(rates, truth),
      };
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

/** Of the grid that has the truth, in deviations of a cluster. */
const spacing = 0.08;
const margin = 5;

/**
 * The log mass that samples [n, d] gain on the way, from the plan of both densities on a grid. Along the line through the
 * centres the densities differ, across it they are one Gaussian: potentials of the line are feasible in the whole space,
 * and nothing moves across. `enter` takes rows into the units of `delta`.
 */
export function trueGrowth(
  samples: Tensor,
  { delta, enter: into }: { delta: number; enter: (rows: Tensor) => Tensor },
): Tensor {
  return tidy(() => {
    const d = samples.size(1);
    const root = Math.sqrt(d);
    const reach = away * root + margin;
    const density = (end: keyof typeof shares, s: Tensor) => {
      const by = end === "target" ? moved * root : 0;
      const bell = (at: number) =>
        s
          .sub(at + by)
          .square()
          .div(-2)
          .exp();
      return bell(-away * root)
        .mul(shares[end])
        .add(bell(away * root).mul(1 - shares[end]))
        .div(Math.sqrt(2 * Math.PI));
    };
    const n = Math.ceil((2 * reach) / spacing);
    const grid = linspace(-reach, reach, n, { dtype: "float64" });
    const points = { source: grid, target: grid.add(moved * root) };
    const length = (2 * reach * n) / (n - 1);
    const at = (end: keyof typeof shares) => {
      const s = points[end];
      const x = into(s.div(root).unsqueeze(1).expand([n, d])).to("float64");
      return { x, log: density(end, s).mul(length).add(1e-12).log() };
    };
    const [source, target] = [at("source"), at("target")];
    const logs = { logA: source.log, logB: target.log };
    const { plan, left, joined } = growthPlan(source.x, target.x, { delta, ...logs });
    const gained = plan.mul(joined.exp()).sum(1).div(plan.sum(1)).log().sub(left);
    const place = samples
      .sum(1)
      .div(root)
      .add(reach)
      .div((2 * reach) / (n - 1));
    const low = place.floor().clamp({ min: 0, max: n - 2 });
    const index = low.to("int64");
    const value = (k: Tensor) => gained.indexSelect(0, k);
    return value(index)
      .lerp(value(index.add(1)), place.sub(low))
      .keep();
  });
}

/** Two Gaussians whose masses 1:3 become 3:1 while both move. */
const gaussians = (d: number): Case => ({
  name: `gaussians-${d}`,
  places: (files) => [join(files, `source-${d}.npy`), join(files, `target-${d}.npy`)],
  // Without some of the rows, clusters have other masses.
  options: () => ({ mass: [1, 1], ...allRows, ...steps.twoTables }),
  async prepare(files) {
    for (const end of ["source", "target"] as const)
      writeFileAtomic(join(files, `${end}-${d}.npy`), io.encodeNpy(clusters(end, d)));
  },
  async measure({ folder, config }): Promise<Values> {
    using bridge = Bridge.open(folder);
    const start = clusters("source", d, "new").to("float64");
    const target = clusters("target", d, "new");
    const grown = await grow(bridge, start);
    const datasets = loadDatasets(config);
    const { delta = 1 } = growthNumbers(config, marginalsOf(datasets));
    datasets.dispose();
    const truth = trueGrowth(start, { delta, enter: (rows) => enter(bridge, rows) });
    const growing = shares.source * rowsOfEnd;
    const massesOf = (gained: readonly number[]) =>
      [gained.slice(0, growing), gained.slice(growing)].map(mean);
    const masses = massesOf(grown.weights.toNumbers());
    const factors = massesOf(truth.exp().toNumbers());
    return {
      w1: weightedW1(grown, target),
      w1_floor: w1(clusters("target", d, "other"), target),
      mass_error: mean(masses.map((m, i) => Math.abs(m / (factors[i] as number) - 1))),
      growth: correlation(grown.weights.log().toNumbers(), truth.toNumbers()),
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
    about:
      "datasets whose masses change, from as many steps of `dsbm fit` with masses as it takes by default",
    command: "fit",
    cases,
    methods: [
      { name: "wfr", options: { method: "wfr" } },
      { name: "wfr_bridge", options: { method: "wfr_bridge" } },
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
      "`gene` is trained on all rows, as published, and measured on them: each row stands twice in the table, so that `fit` can hold out two of each time. Samples of the first time are transported to each later time. Its growth is the rate at all rows. Its floor is between halves of a time: a smaller W1 says that samples repeat the training rows.",
      "`gaussians-d` are two clusters in d dimensions, whose masses 1:3 become 3:1 while they move. Samples are new. Growth is the log mass that a sample gains, and the error of the mass is that of each cluster. The truth is the plan of both densities on a grid, for the `delta` of the run: where masses move, no `delta` gives each point of a cluster the same growth.",
    ],
  };
}
