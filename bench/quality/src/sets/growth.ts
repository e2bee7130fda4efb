// Datasets whose masses change: growth, total mass and W1 next to the truth, by `dsbm fit` with masses.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { growthLength } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { loadDatasets, marginalsOf } from "@dsbm/datasets";
import { fileOperation, writeFileAtomic } from "@dsbm/files";
import { Bridge } from "@dsbm/inference";
import { parseCsv } from "@dsbm/runs";
import { full, io, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow, type Values } from "../benchmark.js";
import { clusters, growingShares, rowsOfEnd, trueGrowth } from "../exact/two-clusters.js";
import { mean } from "../table.js";
import { correlation, enter, grow, w1, weightedW1, withinHalves } from "../weighted.js";

type Rows = readonly (readonly number[])[];

/** As many steps as `fit` takes at most: `gene` trains for two minutes on two cores that nobody else uses. */
const steps = { course: { num_iter: 9000 }, twoTables: { num_iter: 3000 } };
const allRows = { "data.test_fraction": 0.001, max_minutes: null, loo: false };

const tensorOf = (rows: Rows): Tensor => tensor(rows as number[][], { dtype: "float64" });

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
    datasets: (files) => [twice(files)],
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

/** Two Gaussians whose masses 1:3 become 3:1 while both move. */
const gaussians = (d: number): Case => ({
  name: `gaussians-${d}`,
  datasets: (files) => [join(files, `source-${d}.npy`), join(files, `target-${d}.npy`)],
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
    const sets = marginalsOf(datasets).map(({ train, plain }) => plain(train));
    const delta = tidy(() => growthLength(sets, [1, 1]));
    datasets.dispose();
    const truth = trueGrowth(start, { delta, enter: (rows) => enter(bridge, rows) });
    const growing = growingShares.source * rowsOfEnd;
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
      "`gaussians-d` are two clusters in d dimensions, whose masses 1:3 become 3:1 while they move. Samples are new. Growth is the log mass that a sample gains, and the error of the mass is that of each cluster. The truth is the plan of both densities on a grid, for the length 1.5 times as far as rows move: where masses move, no `delta` gives each point of a cluster the same growth.",
    ],
  };
}
