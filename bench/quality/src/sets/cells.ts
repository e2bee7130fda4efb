// Cells of several days (a folder of day_N.npy): the middle of three days is held out, the bridge
// of its neighbours by `dsbm fit` transports half of the way, and the exact W1 to the held-out day is
// measured.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exactPointPlan, stream } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { Bridge } from "@dsbm/inference";
import { readQuality } from "@dsbm/runs";
import { cat, io, randperm, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow } from "../benchmark.js";
import { methodsOf } from "../methods.js";
import { grow, w1, weightedW1 } from "../weighted.js";

/** Components, of which the fewer ones are whitened over all days. */
export const [allComponents, fewComponents] = [50, 5];

/**
 * The days of a folder, in their order.
 * @throws {ConfigError} below three.
 */
export function daysOf(folder: string): number[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const days = names
    .flatMap((name) => /^day_(\d+)\.npy$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  if (days.length >= 3) return days;
  throw new ConfigError(
    `${folder} has ${days.length} files day_N.npy; expected three or more, arrays [cells, components] such as day_2.npy day_3.npy day_4.npy`,
  );
}

/** Cells of a day in a quick benchmark: exact W1 of all takes longer than a training there. */
const fewCells = 2000;

export const whitenedPath = (files: string, day: number) =>
  join(files, `day_${day}_${fewComponents}.npy`);

/**
 * Writes the first components of all days, with mean 0 and deviation 1 over all of them; if `most`
 * is smaller, of some cells of each.
 */
export function whiten(
  folder: string,
  { days, files, most }: { days: readonly number[]; files: string; most: number },
): void {
  if (days.every((day) => existsSync(whitenedPath(files, day)))) return;
  tidy(() => {
    const rows = days.map((day) => {
      const x = io.mapNpy(join(folder, `day_${day}.npy`));
      if (x.ndim !== 2 || x.size(1) < fewComponents)
        throw new ConfigError(
          `${folder}/day_${day}.npy has the shape [${x.shape}]; expected [cells, ${fewComponents} or more]`,
        );
      return x.narrow(1, 0, fewComponents).to("float64");
    });
    const whole = cat(rows);
    const [mean, std] = [whole.mean(0), whole.var({ dim: 0, correction: 1 }).sqrt()];
    for (const [i, day] of days.entries()) {
      const x = (rows[i] as Tensor).sub(mean).div(std).to("float32");
      const order = randperm(x.size(0), { generator: stream(0, `benchmark/cells/${day}`) });
      const some = most < x.size(0) ? x.indexSelect(0, order.narrow(0, 0, most)) : x;
      writeFileAtomic(whitenedPath(files, day), io.encodeNpy(some.contiguous()));
    }
  });
}

function shuffleRows(x: Tensor): Tensor {
  const generator = stream(0, `benchmark/cells/order/${x.size(0)}`);
  return x.indexSelect(0, randperm(x.size(0), { generator }));
}

/** The middle of optimal pairs of two datasets, at a share of the way. */
export function interpolate(x: Tensor, y: Tensor, share: number): Tensor {
  const n = Math.min(x.size(0), y.size(0));
  const [a, b] = [x.narrow(0, 0, n), y.narrow(0, 0, n)];
  const order = tensor([...(exactPointPlan(a, b).permutation ?? [])], { dtype: "int64" });
  return a.lerp(b.indexSelect(0, order), share);
}

/** Rows moved and scaled to the mean and the deviation of each column of other rows. */
function withMoments(x: Tensor, of: Tensor): Tensor {
  const [from, to] = [x, of].map((rows) => rows.var({ dim: 0 }).sqrt()) as [Tensor, Tensor];
  return x.sub(x.mean(0)).div(from).mul(to).add(of.mean(0));
}

const oracle = "oracle: optimal pairs of the neighbours, with the day's own mean and deviations";

const growthOptions = { delta: 1.5, num_iter: 3000, max_minutes: null };

/** A left-out day in so many columns. */
function leftDayCase(
  { folder, days }: { folder: string; days: number[] },
  day: number,
  count: number,
): Case {
  const i = days.indexOf(day);
  const [before, after] = [days[i - 1] as number, days[i + 1] as number];
  const placeOf = (files: string, one: number) =>
    count === fewComponents ? whitenedPath(files, one) : join(folder, `day_${one}.npy`);
  const prepare = async (files: string, { quick }: { quick: boolean }) => {
    mkdirSync(files, { recursive: true });
    const most = quick ? fewCells : Number.POSITIVE_INFINITY;
    if (count === fewComponents) whiten(folder, { days, files, most });
  };
  return {
    name: `day${day}-${count}`,
    prepare,
    datasets: (files) => [placeOf(files, before), placeOf(files, after)],
    options: () => ({}),
    ...(count === allComponents && { own: { wfr: { delta: 6 }, wfr_metric: { delta: 6 } } }),
    async references({ files, quick }) {
      await prepare(files, { quick });
      const rows = (one: number) => shuffleRows(io.mapNpy(placeOf(files, one)).to("float64"));
      return tidy(() => {
        const truth = rows(day);
        const middle = interpolate(rows(before), rows(after), 0.5);
        return { [oracle]: { w1: w1(withMoments(middle, truth), truth) } };
      });
    },
    async measure({ folder: run, files }) {
      using bridge = Bridge.open(run);
      const rows = (one: number) => io.mapNpy(placeOf(files, one)).to("float64");
      // As published, days are taken as equally spaced.
      const grown = await grow(bridge, rows(before), { from: "0", to: "0.5" });
      const kept = readQuality(run)?.rows.find(
        ({ name, direction }) => name === "variance_ratio" && direction === "f",
      );
      return tidy(() => {
        const truth = shuffleRows(rows(day));
        const first = (all: Tensor, n: number) => all.narrow(0, 0, Math.min(n, all.size(0)));
        const n = Math.min(rows(before).size(0), rows(after).size(0));
        const mixed = first(shuffleRows(rows(before)), n).lerp(
          first(shuffleRows(rows(after)), n),
          0.5,
        );
        const half = Math.floor(truth.size(0) / 2);
        const rest = truth.narrow(0, half, truth.size(0) - half);
        return {
          w1: weightedW1(grown, truth),
          w1_half_floor: w1(first(truth, half), rest),
          w1_mixed: w1(mixed, truth),
          variance_ratio: kept?.value ?? null,
        };
      });
    },
  };
}

const methods: Benchmark["methods"] = [
  { name: "fit", options: {} },
  ...methodsOf({
    dsbm_ipf: {},
    alpha_dsbm: { n_ipf: 2 },
    sf2m: {},
    ot_cfm: {},
    ot_cfm_2_steps: {},
    ot_cfm_metric: {},
    wfr: growthOptions,
    wfr_metric: growthOptions,
    lightsb: { mixture_components: 10, lr: 1e-2 },
    lightsb_m: { mixture_components: 10 },
    sinkhorn_bridge: {},
    gaussian_bridge: {},
  }),
];

const metrics: Benchmark["metrics"] = [
  {
    ...{ name: "w1", title: "exact W1 to the day that was left out", digits: 3 },
    beside: {
      "half of the day to its other half": "w1_half_floor",
      "random pairs of the neighbours, mixed": "w1_mixed",
    },
    quick: `${fewCells} cells of each day`,
  },
  {
    name: "variance_ratio",
    title: "variance ratio of the generated samples at t = 1",
    digits: 3,
    best: 1,
  },
];

const unrankedMethods: Benchmark["unranked"] = {
  labels: ["ot_cfm_2_steps"],
  why: "samples of two steps have less variance than the data, which lowers exact W1",
};

const notes: Benchmark["notes"] = [
  "`fit` is dsbm fit without a word; other rows are dsbm fit with a method. The time of a day is its place between its neighbours. Seconds are those of a whole run, evaluation and report included.",
  "`dsbm_ipf` begins with the reference process, to which dsbm fit gives noise of the spread of the data: its bridge is wide between the ends.",
  "`wfr` has equal masses and weighted samples. Its delta, for 5 columns, was chosen on the pairs of these days.",
  "The oracle moves and scales the middle of optimal pairs to the mean and the deviations of the left-out day, which no method sees. In 50 columns, the published 36.39 lies between `ot_cfm`, which follows such pairs, and the oracle.",
];

/**
 * The benchmark of a folder.
 * @throws {ConfigError} for a folder without days.
 */
export function cells(folder: string): Benchmark {
  const days = daysOf(folder);
  const inner = days.slice(1, -1);
  const columns = Object.fromEntries(
    [allComponents, fewComponents].map((count) => [
      count === allComponents ? `${allComponents} components` : `${fewComponents} whitened`,
      inner.map((day) => `day${day}-${count}`),
    ]),
  );
  const ofW1 = { metric: "w1", columns: Object.keys(columns) };
  return {
    name: "cells",
    about:
      "a day of cells left out: exact W1 of the bridge of its neighbours, at t = 0.5, to its cells",
    command: "fit",
    cases: [allComponents, fewComponents].flatMap((count) =>
      inner.map((day) => leftDayCase({ folder, days }, day, count)),
    ),
    columns: {
      ...columns,
      ...Object.fromEntries(
        Object.values(columns)
          .flat()
          .map((c) => [c, [c]]),
      ),
    },
    methods,
    seeds: [1, 2, 3, 4, 5],
    quick: { cases: inner.slice(0, 1).map((day) => `day${day}-${fewComponents}`) },
    metrics,
    published: [
      publishedRow(ofW1, "OT-MFM", [36.39, 0.724]),
      publishedRow(ofW1, "SF2M-Geo", [38.5, null]),
      publishedRow(ofW1, "OT-CFM", [38.8, 0.882], { of: "ot_cfm" }),
      publishedRow(ofW1, "SF2M-Exact", [40.0, 0.92], { of: "sf2m" }),
      publishedRow(ofW1, "DSBM", [53.8, 1.705], { of: "dsbm_ipf" }),
      publishedRow(ofW1, "DSB", [null, 0.953]),
    ],
    unranked: unrankedMethods,
    notes,
  };
}
