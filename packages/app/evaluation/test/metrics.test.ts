// Metrics with known answers: each row of the table is a set of samples whose value, floor or ceiling has a closed form.
import { Clock } from "@dsbm/runs";
import { Generator, randn, setNumThreads, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import {
  gaussianConfig,
  measuringOf,
  trainConfig,
  withEnds,
} from "../../../../test/support/problem.js";
import {
  MeasurementContext,
  type MeasureOptions,
  type Metric,
  type SampleSet,
} from "../src/metric.js";
import { metrics } from "../src/metrics/index.js";
import { affordableRows } from "../src/sampling/affordable-rows.js";
import { measureAs, measureSet } from "../src/set-measurement.js";
import { judge } from "../src/verdict/grade.js";
import { noSet } from "./set.js";

beforeAll(() => setNumThreads(1));

const n = 2000;
const normal = (seed: number) => randn([n, 2], { generator: Generator.create(seed) });

interface Samples {
  sourceRows: Tensor;
  generatedRows: Tensor;
  targetRows: Tensor;
  reserve?: Tensor;
}

const gaussians = gaussianConfig("dim=2", "a=0.1", "n_train=2000", "n_test=2000", "threads=1");
const moons = trainConfig(
  "dataset=moons",
  "batch_size=8",
  "data.n_train=50",
  "data.n_test=50",
  "threads=1",
);

/** Works on samples of vectors of the plane. */
async function withSet<T>(
  make: () => Samples,
  options: Partial<MeasureOptions>,
  work: (set: SampleSet, context: MeasurementContext) => Promise<T>,
  config = moons,
) {
  const own = tidy(make);
  try {
    return await withEnds(config, async (ends) => {
      using context = measuringOf(ends, config, { n, ...options });
      const states = new Map([own.sourceRows, own.generatedRows].entries());
      const reserve = () => own.reserve ?? own.targetRows;
      return await work({ ...noSet, ...own, floorRows: reserve, states }, context);
    });
  } finally {
    for (const t of new Set(Object.values(own))) t.dispose();
  }
}

const threeSamples = () => ({
  sourceRows: normal(1),
  generatedRows: normal(2),
  targetRows: normal(3),
});

/** The row of one metric. */
const rowOf = (name: string, make: () => Samples, config = moons, intervals = true) =>
  withSet(
    make,
    { intervals },
    async (set, context) => {
      const chosen = metrics.filter((metric) => metric.name === name);
      const found = await measureSet(set, chosen, context);
      const row = found?.rows[0];
      if (!row) throw new Error([...(found?.reasons ?? [])].join());
      return row;
    },
    config,
  );

/** Data, generated rows at a distance `shift` from it along one axis, and source rows at three times the distance. */
const shiftedBy =
  (shift: number, scale = 1) =>
  () => {
    const data = normal(1);
    const along = (by: number) => data.mul(scale).add(zeros([n, 2]).add(by).mul(unitX()));
    return {
      targetRows: data,
      generatedRows: along(shift),
      sourceRows: along(3 * shift),
      reserve: data,
    };
  };
const unitX = () => zeros([1, 2]).add(1).cumsum(1).eq(1).to("float32");

describe("metrics with known answers", () => {
  // W2 and W1 of a translation are its length; sliced, the root mean square of cos θ in the plane is √½.
  it.each([
    ["sliced_w2", shiftedBy(0.5), 0.5 * Math.SQRT1_2, 0, 1.5 * Math.SQRT1_2, 0.04],
    ["w2", shiftedBy(0.5), 0.5, 0, 1.5, 1e-3],
    ["w1", shiftedBy(0.5), 0.5, 0, 1.5, 1e-3],
    ["variance_ratio", shiftedBy(0, 2), 4, 1, 4, 1e-5],
    ["variance_ratio_least", shiftedBy(0, 2), 4, 1, 4, 1e-5],
    // Of 1,000 rows of each side, so that samples differ.
    ["energy_distance", shiftedBy(0), 0, 0, 0, 0.01],
    ["column_w1", shiftedBy(0.5), 0.5, 0, 1.5, 1e-5],
  ])("%s", async (name, make, value, floor, ceiling, tolerance) => {
    const row = await rowOf(name, make);
    expect(Math.abs(row.value - value)).toBeLessThan(tolerance);
    expect(Math.abs(Number(row.floor) - floor)).toBeLessThan(tolerance);
    expect(Math.abs(Number(row.ceiling) - ceiling)).toBeLessThan(tolerance);
    const [low, high] = row.interval as [number, number];
    expect(low).toBeLessThanOrEqual(row.value + 1e-9);
    expect(high).toBeGreaterThanOrEqual(row.value - 1e-9);
    expect(row.n).toBe(name === "energy_distance" ? 1000 : n);
  });
  it.each([
    [1, "poor"],
    [0, "undecided"],
  ])(
    "of generated rows %d from a target that equals the source, W2 is %s",
    async (shift, grade) => {
      const make = () => {
        const samples = threeSamples();
        return { ...samples, generatedRows: samples.generatedRows.add(shift) };
      };
      expect(judge(await rowOf("sliced_w2", make)).grade).toBe(grade);
    },
  );

  it("column_w1 of a category is the total variation of the shares of its levels", async () => {
    // Levels of 1,000 and 1,000 rows against 500 and 1,500, and of 0 and 2,000.
    const levels = (rows: number) => () =>
      zeros([n, 1])
        .add(1)
        .cumsum(0)
        .le(rows)
        .to("float32")
        .mul(tensor([[1, -1]]))
        .add(tensor([[0, 1]]));
    const row = await withSet(
      () => ({ sourceRows: levels(0)(), generatedRows: levels(1000)(), targetRows: levels(500)() }),
      { intervals: true },
      async (set, context) => {
        const named = {
          ...context.subject,
          names: ["site=north", "site=south"],
          categories: [{ name: "site", levels: ["north", "south"] }],
        };
        using own = new MeasurementContext(named, context.options);
        const chosen = metrics.filter(({ name }) => name === "column_w1");
        return (await measureSet(set, chosen, own))?.rows;
      },
    );
    expect(row?.map(({ title, value, floor, ceiling }) => [title, value, floor, ceiling])).toEqual([
      ["shares of site", expect.closeTo(0.25, 9), 0, expect.closeTo(0.25, 9)],
    ]);
  });
  it("displacement: a translation is optimal, and independent pairs add both variances", async () => {
    const row = await rowOf("displacement", () => {
      const start = normal(1);
      return { sourceRows: start, generatedRows: start.add(1), targetRows: normal(2).add(1) };
    });
    expect(row.value).toBeCloseTo(2, 5);
    expect(row.floor).toBeCloseTo(2, 2);
    // 2 · (1 + 1) + |(1, 1)|², of source and target, whatever the generated rows are.
    expect(Math.abs(Number(row.ceiling) - 6)).toBeLessThan(0.3);
  });

  it("conditional variance: draws of N(x, 4) in the plane have 8, whatever x", async () => {
    const [metric] = metrics.filter(({ name }) => name === "conditional_variance");
    const bridge = {
      async sample(x: Tensor, { purpose = "" }) {
        const draw = Number(purpose.at(-1));
        const z = randn(x.shape, { generator: Generator.create(draw) });
        return { x: x.add(z.mul(2)).keep(), weights: null, nfe: 1 };
      },
    };
    await withSet(threeSamples, {}, async (set, context) => {
      if (!metric || "compare" in metric) throw new Error("it measures by itself");
      const subject = { ...context.subject, bridge } as unknown as typeof context.subject;
      const row = await metric.measure(set, {
        ...context,
        subject,
        options: context.options,
      } as MeasurementContext);
      expect(Math.abs(Number((row as { value: number }).value) - 8)).toBeLessThan(0.3);
    });
  });

  it("Gaussian marginals: moments and divergences of the exact bridge", async () => {
    // At both ends of one step the exact marginals are N(∓a, 1).
    const perfect = () => {
      const start = normal(1).sub(0.1);
      return { sourceRows: start, generatedRows: normal(2).add(0.1), targetRows: normal(3) };
    };
    const mean = await rowOf("mean", perfect, gaussians);
    expect(mean.target).toBe(0.1);
    expect(Math.abs(mean.value - 0.1)).toBeLessThan(0.05);
    for (const name of ["kl_diag", "kl_full"]) {
      const { value, floor } = await rowOf(name, perfect, gaussians);
      expect(value).toBeLessThan(3 * Number(floor));
      const off = await rowOf(
        name,
        () => ({ ...perfect(), generatedRows: normal(2).add(1.1) }),
        gaussians,
      );
      // Half of a squared distance of 1 in each of two coordinates, at one of two times.
      expect(Math.abs(off.value - 0.5)).toBeLessThan(0.08);
    }
  });
});

it.each([
  [null, 32],
  [1e6, 32],
  [100, 10],
  [5, 6],
])("takes fewer half-samples within %s seconds", async (seconds, halves) => {
  let now = 0;
  let compared = 0;
  const own: Metric = {
    ...{ name: "own", title: "own", group: "endpoints", meaning: "", isNeeded: true },
    compare: (x) => {
      // Each half-sample of generated rows takes a second; whole samples and floors none.
      if (x.size(0) === n / 2) now += 0.25;
      compared += x.size(0) === n / 2 ? 1 : 0;
      return 1;
    },
  };
  const clock = new Clock(seconds, { now: () => now });
  await withSet(threeSamples, { clock, intervals: true }, async (set, context) => {
    await measureSet(set, [own], context);
    // Generated rows, two floors and the ceiling.
    expect(compared / 4).toBe(halves);
  });
});

it.each([
  { spent: 15, has: true },
  { spent: 25, has: false },
])("has the metrics of verdicts after $spent of 10 seconds: $has", async ({ spent, has }) => {
  const clock = new Clock(10, { now: () => spent, began: 0 });
  await withSet(threeSamples, { clock }, async (set, context) => {
    const found = await measureSet(set, metrics, context);
    expect(found?.rows.some(({ name }) => name === "sliced_w2")).toBe(has);
    expect(found?.reasons.get("energy_distance")).toMatch(/no time was left/);
    // A class that the time leaves out is named.
    const ofClass = { prefix: "condition_", group: "conditions", variant: "conditions" } as const;
    const change = ({ title }: { title: string }) => ({ title: `${title}, kind = b` });
    const choice = { all: metrics, has: () => true };
    const late = await measureAs({ ...ofClass, set, change }, choice, context);
    expect(late?.rows).toEqual([]);
    expect(late?.reasons.get("variance ratio, kind = b")).toMatch(/no time was left/);
  });
});

it("an evaluation of a second has no trial", () =>
  withSet(threeSamples, { clock: new Clock(1) }, async ({ sampling }, { subject, options }) => {
    const work = { sampling, direction: "f", passes: 1, distances: 1 } as const;
    expect(await affordableRows(subject, options, work)).toEqual({ n: 100, exact: 100 });
  }));
