// The rules of `dsbm fit`: scales with units, shifts change nothing, and the limits hold.
import { methodFacts, stream, uniformGrid } from "@dsbm/bridge";
import type { Datasets, EndpointData } from "@dsbm/datasets";
import { gridOf } from "@dsbm/inference";
import { randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { expect, test } from "vitest";
import { courseFacts, dataFacts } from "../src/facts.js";
import { type BoundFacts, chooseRange, chooseWhole } from "../src/rules/bounds.js";
import { countRules } from "../src/rules/counts.js";
import { pathRules } from "../src/rules/course.js";
import { growthRules } from "../src/rules/growth.js";
import { coarseGrid } from "../src/rules/images.js";
import { noiseRules } from "../src/rules/noise.js";
import { choosePlanRows } from "../src/rules/pairs.js";
import { chooseRules } from "../src/rules/rules.js";
import { chooseSigma } from "../src/rules/sigma.js";
import { chooseHeldOut, chooseScale } from "../src/rules/table.js";

const end = (train: Tensor) =>
  ({ train, test: train, decode: (rows: Tensor) => rows }) as unknown as EndpointData;

/** Facts of normal data around 0 and around `distance` in all coordinates. */
const factsOf = ({ distance = 2, scale = 1, shift = 0, d = 3, n = 200, minutes = 10 } = {}) =>
  tidy(() => {
    const generator = stream(1, "fit");
    const normal = () => randn([n, d], { generator });
    const x0 = normal().mul(scale).add(shift);
    const x1 = normal().add(distance).mul(scale).add(shift);
    return dataFacts({ x0: end(x0), x1: end(x1), shape: [d] } as unknown as Datasets, 5, minutes);
  });

test("the distance of optimal transport and the spread agree with the data", () => {
  const facts = factsOf({ distance: 4, n: 500, d: 1 });
  expect(facts.transport).toBeCloseTo(4, 0);
  expect(facts.spread).toBeCloseTo(1, 0);
  // In little time of fewer rows.
  expect(factsOf({ minutes: 0.1 }).spread).not.toBe(factsOf().spread);
});

test.each([
  ["counts", { isWhole: true }, { "data.normalise": 10_000, "data.log1p": true }, /has counts/],
  ["logarithms", { largest: 7 }, { "data.normalise": null }, /up to 7, which look like logarithms/],
  ["one total", { hasOneTotal: true }, { "data.normalise": null, "data.log1p": true }, /one total/],
  ["fractions", {}, { "data.normalise": null }, /up to 230; .*write data.normalise=10000/],
  ["scores", { smallest: -2, isWhole: true }, { "data.normalise": null }, /below 0/],
] as const)("the scale of a matrix of %s has its reason", (_, facts, options, reason) => {
  const matrix = { isWhole: false, hasOneTotal: false, smallest: 0.1, largest: 229, ...facts };
  const rules = countRules({ names: ["a", "b"], n: 100, ...matrix });
  const ofScale = rules.filter(({ key }) => /normalise|log1p/.test(key));
  expect(Object.fromEntries(ofScale.map(({ key, value }) => [key, value]))).toEqual(options);
  expect(ofScale[0]?.reason).toMatch(reason);
});

test("grids are coarser for fewer steps of training", () => expect(coarseGrid(20).value).toBe(5));

test("sigma scales with units and does not depend on shifts", () => {
  const one = chooseSigma(factsOf()).value as number;
  expect(chooseSigma(factsOf({ scale: 1000 })).value).toBeCloseTo(1000 * one, 6);
  expect(chooseSigma(factsOf({ shift: 64 })).value).toBeCloseTo(one, 6);
});

test("sigma stays below the spread if source and target are far apart, and above 0 if they are equal", () => {
  const far = factsOf({ distance: 1000 });
  expect(chooseSigma(far).value as number).toBeLessThan(0.5 * far.spread);
  expect(chooseSigma({ ...far, transport: 0, spread: 0 }).value as number).toBeGreaterThan(0);
});

test("noise has the size of the spread if the reference process makes the first pairs, and steps follow a given noise", () => {
  const facts = factsOf({ distance: 4, d: 5 });
  const of = (typed: object, key: string) =>
    chooseRules(facts, { mayUseMixture: false, ...typed }).find((rule) => rule.key === key)
      ?.value as number;
  expect(of({ fromReference: true }, "sigma") / facts.spread).toBeCloseTo(1, 1);
  expect(of({ fromReference: true }, "num_steps")).toBe(50);
  expect(of({ sigma: 0.3 * facts.spread }, "num_steps")).toBe(30);
  expect(of({ sigma: 0.1 * facts.spread }, "num_steps")).toBe(20);
});

test("noise has the size of the detail that a coarsened source lacks, and known pairs need one iteration", () => {
  const facts = { ...factsOf(), shape: [1, 8, 8], transport: 0.31 };
  const rules = chooseRules(facts, { addsDetail: true });
  const valuesOf = (name: string) => rules.filter(({ key }) => key === name).map((r) => r.value);
  expect([valuesOf("sigma"), valuesOf("n_ipf")]).toEqual([[0.31], [1]]);
});

const onCircle = (t: number) => [Math.sin(4 * t), Math.cos(4 * t)];
/** Two clusters that stay, while the first one loses a third of all rows to the second one. */
const ofCluster = (t: number, row: number) => [row < 140 - 80 * t ? 0 : 4, 0];

const wideTimes = [0, 0.25, 0.75, 1];
const fasterCircle = (t: number) => onCircle(1.25 * t);
const fiveTimes = [0, 0.25, 0.5, 0.75, 1];
const spline = "spline";

test.each([
  { course: "a circle", at: fiveTimes, placeOf: onCircle, method: "sf2m", interpolant: spline },
  {
    course: "wide steps",
    at: wideTimes,
    placeOf: fasterCircle,
    rows: 400,
    method: "sf2m",
    interpolant: spline,
  },
  { course: "of few rows", at: wideTimes, placeOf: fasterCircle, rows: 40, method: "sf2m" },
  { course: "a circle of three times", at: [0, 0.5, 1], placeOf: onCircle, method: "sf2m" },
  { course: "shares that change", at: [0, 0.5, 1], placeOf: ofCluster, method: "wfr" },
])("along $course $method $interpolant", ({ at, placeOf, rows: n = 200, method, interpolant }) => {
  const rules = tidy(() => {
    const all = at.map((t, k) => {
      const noise = randn([n, 2], { generator: stream(k, "course") }).mul(0.1);
      const places = Array.from({ length: n }, (_, row) => placeOf(t, row));
      return end(noise.add(tensor(places)));
    });
    const [x0, ...rest] = all;
    const between = rest.slice(0, -1);
    const course = { x0, between, x1: rest.at(-1), shape: [2], chain: { times: at } };
    return pathRules(courseFacts(course as unknown as Datasets, 5, null)!);
  });
  const of = (name: string) => rules.find(({ key }) => key === name)?.value;
  expect([of("method"), of("interpolant")]).toEqual([method, interpolant]);
});

test.each([
  { classes: 2, rows: 512 },
  { classes: null, rows: 2048 },
  { classes: null, most: 200, rows: 256 },
])("with $classes classes, plans have $rows rows", ({ classes, rows, most = 5000 }) =>
  expect(choosePlanRows(256, classes, most).value).toBe(rows),
);

test("plans of growth have fewer rows in a minute", () =>
  expect(growthRules({ shape: [2], rows: [5000, 5000] }, 1).at(-1)?.value).toBe(512));

test.each([
  { rows: [1000, 1000], decay: 0.5 },
  { rows: [1000, 1000, 1000], decay: undefined },
])("growth between datasets of $rows rows has a weight decay of $decay", ({ rows, decay }) => {
  const rules = growthRules({ shape: [10], rows });
  expect(rules.find(({ key }) => key === "weight_decay")?.value).toBe(decay);
});

test("each interval of a course has as many steps as two datasets", () => {
  const steps = (rows: number[]) =>
    chooseRules({ ...factsOf({ n: 500 }), rows }).find(({ key }) => key === "num_steps")?.value;
  // The grid of a run is one of each interval.
  const chain = { times: [0, 0.25, 0.5, 1] };
  const course = uniformGrid(Number(steps([500, 500, 500, 500])));
  expect(gridOf({ grid: course, chain }, null).steps).toHaveLength(3 * Number(steps([500, 500])));
});

test.each([
  { std: [3, 1, 0.2], names: null, value: "global" },
  { std: [3, 1, 0.2], names: ["age", "height", "dose"], value: "columns" },
  { std: [3, 1, 0.2], names: ["PC_1", "PC_2", "PC_10"], value: "global" },
  { std: [3, 1], names: ["x1", "y1"], value: "columns" },
  { std: [1e6, 1], names: ["x1", "x2"], value: "columns" },
  { std: [1, 0], names: null, value: "columns" },
  { std: [3, 1, 0.2], names: ["age", "height", "dose"], heavy: ["dose"], value: "robust" },
])("columns $names of deviations $std are scaled: $value", ({ value, ...columns }) =>
  expect(chooseScale(columns).value).toBe(value),
);

/** Facts of two datasets of 400 rows: a normal column, an amount, a share, a count and a constant. */
const boundFacts = (edges: BoundFacts["edges"], log1p = false) => ({
  columns: ["z", "rain", "share", "kids", "one"],
  range: { min: [-3, 0.01, 0.001, 0, 7], max: [3, 9, 0.999, 3, 7] },
  spread: [1.3, 2, 0.5, 2, 0],
  whole: [false, false, false, true, true],
  rows: 400,
  log1p,
  edges,
});

test("columns with many rows at an end of their range keep this bound, whole numbers stay whole", () => {
  const edges = { low: [0.0025, 0.05, 0.03, 0.2, 1], high: [0.0025, 0.0025, 0.03, 0.2, 1] };
  const facts = [boundFacts(edges), boundFacts(edges)];
  expect(chooseRange(facts)?.value).toEqual(["rain:0..", "share:0..1", "kids:0..3"]);
  expect(chooseWhole(facts)?.value).toEqual(["kids"]);
  const none = { low: [0, 0, 0, 0, 0], high: [0, 0, 0, 0, 0] };
  expect(chooseRange([boundFacts(none), boundFacts(none)])).toBeNull();
  const mixed = { ...boundFacts(edges), whole: [false, false, false, false, true] };
  expect(chooseWhole([boundFacts(edges), mixed])).toBeNull();
  // 40 of 400 rows far below all others mark missing values.
  const inner = { min: [-2, 8.9, 0.1, 1, null], max: [2, 9, 0.9, 2, null] };
  const far = boundFacts({ ...edges, low: [0, 0.1, 0.03, 0.2, 1], inner });
  expect(chooseRange([far])?.value).toEqual(["share:0..1", "kids:0..3"]);
  // 4 of the 40 remaining rows are fewer than a bound has.
  const dropped = { ...boundFacts({ ...edges, low: [0, 0.1, 0.03, 0.2, 1] }), dropped: 360 };
  expect(chooseRange([dropped])?.value).toEqual(["kids:0..3"]);
  // Float64 noise of a bound is no part of it.
  const noisy = boundFacts({ ...edges, low: [0, 0, 0, 0.2, 1], high: [0, 0.03, 0, 0, 1] });
  noisy.range.max[1] = 8.12345678901234;
  expect(chooseRange([noisy])?.value).toContainEqual("rain:..8.1234568");
  // Another dataset ends farther out.
  const beyond = boundFacts(none);
  beyond.range.max[2] = 1.02;
  expect(chooseRange([boundFacts(edges), beyond])?.value).toEqual([
    "rain:0..",
    "share:0..",
    "kids:0..3",
  ]);
  // Of log(1 + x), in the units of x.
  expect(chooseRange([boundFacts(edges, true)])?.value).toContainEqual("rain:0..");
});

test("a batch has at most half of the rows of the smaller dataset", () => {
  const facts = factsOf({ n: 21 });
  const batch = chooseRules(facts).find(({ key }) => key === "batch_size");
  expect(batch?.value).toBe(10);
});

test("every rule has a key once and a reason", () => {
  for (const shape of [[3], [3, 32, 32]]) {
    const rules = chooseRules({ ...factsOf(), shape });
    expect(new Set(rules.map(({ key }) => key)).size).toBe(rules.length);
    for (const { reason } of rules) expect(reason.length).toBeGreaterThan(5);
  }
});

test.each([
  { what: "few columns and many rows", given: { n: 1000, d: 2 }, closed: true },
  { what: "few rows", given: { n: 999, d: 2 }, closed: false },
  { what: "many columns", given: { n: 1000, d: 4 }, closed: false },
  {
    what: "several datasets",
    given: { n: 1000, d: 2 },
    more: { rows: [1000, 1000, 1000] },
    closed: false,
  },
  { what: "a start of one's own", given: { n: 1000, d: 2 }, mayUseMixture: false, closed: false },
  { what: "little noise", given: { n: 1000, d: 2 }, sigma: 0.05, closed: false },
  { what: "much noise", given: { n: 1000, d: 2 }, sigma: 2, closed: true },
])(
  "$what: networks start from a closed form, $closed",
  ({ given, more, mayUseMixture, sigma, closed }) => {
    const rules = chooseRules({ ...factsOf(given), ...more }, { mayUseMixture, sigma });
    const of = (key: string) => rules.find((rule) => rule.key === key)?.value;
    expect(of("precondition")).toBe(closed ? "mixture" : undefined);
    expect(of("ot_sampler")).toBe(closed ? undefined : "exact");
    expect(of("match_moments")).toBe(true);
  },
);

test("small folders hold out at most a fifth of their images, and never more than 128 without need", () => {
  const share = (images: number) => chooseHeldOut(images, "images")?.value ?? null;
  expect([100, 640, 1000, 1280].map(share)).toEqual([0.2, 0.2, 0.13, null]);
  expect(chooseHeldOut(400, "fields")?.reason).toContain("400 fields is too few");
});

test("small tables hold out enough rows to judge a bridge, but never more than three tenths", () => {
  const share = (rows: number) => chooseHeldOut(rows)?.value ?? null;
  expect([62, 2000, 3999, 4000, 100_000].map(share)).toEqual([0.3, 0.2, 0.11, null, null]);
});

test("much noise has steps that keep the variance, and little noise the steps of bridges", () => {
  const of = (method: string, sigma: number) =>
    Object.fromEntries(
      noiseRules(methodFacts(method), { spread: 1 }, sigma).map(({ key, value }) => [key, value]),
    );
  expect(of("dsbm", 0.3)).toEqual({});
  expect(of("dsbm", 1.2)).toEqual({ step_variance: "analytic", last_noise: true });
  expect(of("gaussian_bridge", 2)).toEqual({
    step_variance: "process",
    last_noise: true,
    num_steps: 200,
  });
  for (const method of ["rectifiedflow", "lightsb"]) expect(of(method, 1.2)).toEqual({});
});
