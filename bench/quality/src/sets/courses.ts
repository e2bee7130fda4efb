// Time courses without one of their times: W1 to it, from the time before (a) and from the first time (b), along straight
// paths, paths that follow the data and splines.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { rowsByMass, stream } from "@dsbm/bridge";
import { writeFileAtomic } from "@dsbm/files";
import { Bridge } from "@dsbm/inference";
import { cat, io, rand, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { type Benchmark, type Case, publishedRow, type Values } from "../benchmark.js";
import { grow, w1, weightedW1, withinHalves } from "../weighted.js";
import {
  allComponents,
  daysOf,
  fewComponents,
  interpolate,
  whiten,
  whitenedPath,
} from "./cells.js";

/** Rows [n, d] of each time; `left` is the place of the held-out time. */
interface Course {
  name: string;
  times: readonly number[];
  left: number;
  fileOf(files: string, k: number): string;
  prepare?: Case["prepare"];
}

const totalVariance = (x: Tensor): number => tidy(() => x.var({ dim: 0 }).sum().item());

function caseOf({ name, times, left, fileOf, prepare }: Course): Case {
  const known = times.map((_, k) => k).filter((k) => k !== left);
  const time = (k: number) => times[k] as number;
  return {
    name,
    datasets: (files) => known.map((k) => fileOf(files, k)),
    options: () => ({ times: known.map(time), loo: false, max_minutes: 5 }),
    ...(prepare && { prepare }),
    async measure({ folder, files }): Promise<Values> {
      using bridge = Bridge.open(folder);
      const rows = (k: number) => io.mapNpy(fileOf(files, k)).to("float64");
      const target = rows(left);
      const before = rows(left - 1);
      const after = rows(left + 1);
      const share = (time(left) - time(left - 1)) / (time(left + 1) - time(left - 1));
      const nearest = share <= 0.5 ? before : after;
      const values: Values = {
        w1_copied: w1(nearest, target),
        w1_line: tidy(() => w1(interpolate(before, after, share), target)),
        w1_halves: withinHalves(target),
      };
      for (const [letter, k] of [
        ["a", left - 1],
        ["b", 0],
      ] as const) {
        const grown = await grow(bridge, rows(k), { from: `${time(k)}`, to: `${time(left)}` });
        const drawn = tidy(() => grown.x.indexSelect(0, rowsByMass(grown.weights)));
        const value = weightedW1(grown, target);
        values[`w1_${letter}`] = value;
        const within = (withinHalves(drawn) + (values.w1_halves as number)) / 2;
        values[`debiased_${letter}`] = value - within;
        values[`variance_${letter}`] = totalVariance(drawn) / totalVariance(target);
      }
      return values;
    },
  };
}

const simulatedRows = 1000;

/** A course with new rows at each time. */
function simulatedTable(
  course: Pick<Course, "name" | "times" | "left">,
  draw: (time: number, purpose: string) => Tensor,
): Case {
  const fileOf = (files: string, k: number) => join(files, `${course.name}-${k}.npy`);
  return caseOf({
    ...course,
    fileOf,
    async prepare(files) {
      for (const [k, time] of course.times.entries()) {
        if (existsSync(fileOf(files, k))) continue;
        const rows = tidy(() => draw(time, `benchmark/courses/${course.name}/${k}`));
        writeFileAtomic(fileOf(files, k), io.encodeNpy(rows));
      }
    },
  });
}

/** Prey and predators, ẋ = x(1 − y), ẏ = y(x − 1), from around (2, 1): two thirds of a cycle. */
const lotkaVolterra = simulatedTable(
  { name: "lotka-volterra", times: [0, 1, 2, 3, 4], left: 2 },
  (time, purpose) => {
    const start = randn([simulatedRows, 2], { generator: stream(1, purpose) });
    let state = start.mul(0.15).add(tensor([[2, 1]]));
    const speed = (z: Tensor) => {
      const [x, y] = z.unbind({ dim: 1 }) as [Tensor, Tensor];
      return cat([x.mul(y.rsub(1)).unsqueeze(1), y.mul(x.sub(1)).unsqueeze(1)], { dim: 1 });
    };
    const dt = 0.01;
    for (let step = 0; step < Math.round(time / dt); step++)
      state = state.add(speed(state.add(speed(state), { alpha: dt / 2 })), { alpha: dt });
    return state;
  },
);

/** One cluster that moves along a line and parts into two, ever faster, in five dimensions. */
const branching = simulatedTable(
  { name: "branching", times: [0, 0.25, 0.5, 0.75, 1], left: 2 },
  (time, purpose) => {
    const generator = stream(1, purpose);
    const noise = randn([simulatedRows, 5], { generator }).mul(0.2);
    const side = rand([simulatedRows, 1], { generator }).gt(0.5).to("float32").mul(2).sub(1);
    const move = side.mul(4 * Math.max(0, time - 0.2) ** 2);
    return noise.add(
      cat([move.onesLike().mul(4 * time), move, move.zerosLike().repeat([1, 3])], { dim: 1 }),
    );
  },
);

/** Days of cells at equally spaced times, as published. */
function cellCases(folder: string): Case[] {
  const days = daysOf(folder);
  return [allComponents, fewComponents].flatMap((count) =>
    days.slice(1, -1).map((day) =>
      caseOf({
        name: `day${day}-${count}`,
        times: days.map((_, k) => k),
        left: days.indexOf(day),
        fileOf: (files, k) => {
          const one = days[k] as number;
          return count === fewComponents
            ? whitenedPath(files, one)
            : join(folder, `day_${one}.npy`);
        },
        ...(count === fewComponents && {
          prepare: async (files) => whiten(folder, { days, files, most: Number.POSITIVE_INFINITY }),
        }),
      }),
    ),
  );
}

const straightMethods = { otcfm: { method: "otcfm", n_ipf: 1 }, sf2m: { method: "sf2m" } };

const courseNotes: Benchmark["notes"] = [
  "Debiased W1 is W1 less the mean W1 between halves of the samples and of the data: exact W1 in many dimensions rewards samples that lie too close together.",
  "`lotka-volterra` and `branching` are simulated at each time with new rows.",
];

export function courses(folder: string | undefined): Benchmark {
  const cells = folder === undefined ? [] : cellCases(folder);
  const cases = folder === undefined ? [lotkaVolterra, branching] : cells;
  const columns = Object.fromEntries(
    folder === undefined
      ? cases.map(({ name }) => [name, [name]])
      : [allComponents, fewComponents].map((count) => [
          count === allComponents ? `${allComponents} components` : `${fewComponents} whitened`,
          cells.map(({ name }) => name).filter((name) => name.endsWith(`-${count}`)),
        ]),
  );
  const published = (metric: string, label: string, values: readonly (number | null)[]) =>
    publishedRow({ metric, columns: Object.keys(columns) }, label, values);
  const floors = {
    "half of the day to its other half": "w1_halves",
    "nearest time, copied": "w1_copied",
    "optimal pairs of the neighbours": "w1_line",
  };
  return {
    name: "courses",
    about: "time courses without one of their times: W1 to it, from `dsbm fit` in five minutes",
    command: "fit",
    cases,
    columns,
    methods: [
      { name: "fit", options: {} },
      ...Object.entries(straightMethods).flatMap(([name, options]) => [
        { name, options },
        ...["metric", "spline"].map((interpolant) => ({
          name: `${name}_${interpolant}`,
          options: { ...options, interpolant },
        })),
      ]),
      { name: "wfr", options: { method: "wfr", num_iter: 3000, max_minutes: null } },
    ],
    seeds: [1, 2, 3, 4, 5],
    quick: { cases: cases.slice(0, 1).map(({ name }) => name) },
    metrics: [
      { name: "w1_a", title: "exact W1, from the time before (a)", digits: 3, beside: floors },
      { name: "w1_b", title: "exact W1, from the first time (b)", digits: 3, beside: floors },
      { name: "debiased_a", title: "debiased W1 (a)", digits: 3 },
      { name: "debiased_b", title: "debiased W1 (b)", digits: 3 },
      { name: "variance_a", title: "variance over the data's (a)", digits: 3, best: 1 },
      { name: "variance_b", title: "variance over the data's (b)", digits: 3, best: 1 },
    ],
    published:
      folder === undefined
        ? []
        : [
            published("w1_a", "OT-MFM", [36.39, 0.724]),
            published("w1_a", "SF2M-Geo", [38.5, null]),
            published("w1_a", "OT-CFM", [38.8, 0.882]),
            published("w1_b", "OTP-FM", [36.97, null]),
            published("w1_b", "WFR-FM", [37.22, null]),
            published("w1_b", "VGFM", [37.39, null]),
          ],
    notes: courseNotes,
  };
}
