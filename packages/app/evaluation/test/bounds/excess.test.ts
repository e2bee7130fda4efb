// The excess of a value between its bounds, against closed forms and against its spread over repeated samples.
import { Generator, randn, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { distanceExcess, excessOf, linearExcess } from "../../src/bounds/excess.js";
import { type Halves, halvesOf } from "../../src/bounds/halves.js";

type HalfOptions = Parameters<typeof halvesOf>[2];

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviationOf = (values: number[]) =>
  Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));
/** Half-samples that do not vary: the value alone counts. */
const constant = (value: number, floor: number, ceiling: number): Halves => ({
  value: [value, value],
  floors: [
    [floor, floor],
    [floor, floor],
  ],
  ceiling: [ceiling, ceiling],
});

describe("excess of a linear value", () => {
  const [floor, ceiling, deviation] = [1, 5, 0.8];

  it.each([
    [1, 0],
    [2, 0.25],
    [5, 1],
    [7, 1.5],
  ])("value %f: share %f, first-order interval of a ratio", (value, share) => {
    const excess = linearExcess({ value, floor, ceiling }, deviation);
    const width = (1.96 * deviation * Math.sqrt(1 + share ** 2)) / (ceiling - floor);
    expect(excess.value).toBeCloseTo(share);
    expect(excess.low).toBeCloseTo(Math.max(0, share - width));
    expect(excess.high).toBeCloseTo(share + width);
    expect(excess.floor).toBeCloseTo((1.96 * deviation) / (ceiling - floor));
    expect(excess.isSquared).toBe(false);
  });

  // Quantiles of the normal distribution: a one-sided test at 5 % rejects from 1.645 deviations on.
  it.each([
    [1.645, 0.5],
    [1.645 + 0.8416, 0.8],
    [1.645 + 1.2816, 0.9],
    [0, 0.05],
  ])("a gap of %f deviations has power %f", (gap, power) => {
    const way = Math.max(gap, 1e-9);
    expect(linearExcess({ value: 0, floor: 0, ceiling: way }, 1).power).toBeCloseTo(power, 3);
  });

  it.each([0.5, 1, 2, 0.1])("names the rows at which a gap of %f deviations suffices", (gap) => {
    const rows = ((1.645 + 0.8416) / gap) ** 2;
    const { more } = linearExcess({ value: 0, floor: 0, ceiling: gap }, 1);
    expect(more).toBeGreaterThanOrEqual(rows * 0.999);
    expect(more).toBeLessThan(rows * 1.1);
  });

  it("names no rows beyond a thousand times as many", () => {
    expect(linearExcess({ value: 0, floor: 0, ceiling: 0.07 }, 1).more).toBeNull();
    expect(linearExcess({ value: 0, floor: 0, ceiling: 9 }, 1).more).toBe(1);
  });

  it.each([
    ["within the noise", 3, 0],
    ["beyond it", 5, 1],
  ])("without a way from ceiling to floor, a value %s", (_, value, low) => {
    const expected = { value: 1, low, high: 1, power: 0.05, more: null, isSquared: false };
    for (const ceiling of [0, -0.5])
      expect(linearExcess({ value, floor: 0, ceiling }, 1)).toMatchObject(expected);
    expect(linearExcess({ value, floor: 0, ceiling: 0 }, 1)).not.toHaveProperty("floor");
  });

  it("is at least 1 for a value clearly beyond a ceiling near the floor", () => {
    expect(linearExcess({ value: 5, floor: 0, ceiling: 0.5 }, 1).low).toBeGreaterThanOrEqual(1);
    expect(linearExcess({ value: 4, floor: 0, ceiling: 0.5 }, 1).low).toBe(0);
  });
});

describe("excess of distances", () => {
  it.each([
    [false, 5, 3, 7, Math.sqrt((25 - 9) / (49 - 9))],
    [true, 5, 3, 7, Math.sqrt((5 - 3) / (7 - 3))],
    [false, -1, -2, 3, Math.sqrt((-1 + 4) / (9 + 4))],
    [false, 2, 3, 7, 0],
    [true, 3, 3, 7, 0],
  ])("compares squares (square already: %s): %f of [%f, %f]", (isSquare, ...numbers) => {
    const [value, floor, ceiling, expected] = numbers;
    const options = { isSquare, floorHigh: floor };
    const excess = excessOf({ value, floor, ceiling }, constant(value, floor, ceiling), options);
    expect(excess).toMatchObject({ isSquared: true, floor: 0 });
    for (const key of ["value", "low", "high"] as const) expect(excess[key]).toBeCloseTo(expected);
  });

  it("gives the share at the upper end of the floor's interval", () => {
    const bounds = { value: 5, floor: 3, ceiling: 7 };
    const share = (floorHigh: number) =>
      excessOf(bounds, constant(5, 3, 7), { isSquare: true, floorHigh }).floor;
    expect(share(4)).toBeCloseTo(0.5);
    expect(share(2)).toBeUndefined();
  });

  it("covers the true share of independent estimates with equal noise", () => {
    const generator = Generator.create(7);
    const [value, floor, ceiling, noise] = [2, 1, 4, 0.1];
    const share = Math.sqrt((value ** 2 - floor ** 2) / (ceiling ** 2 - floor ** 2));
    const draws = tidy(() => randn([400, 3], { generator }).toNumbers());
    const excesses = Array.from({ length: 400 }, (_, k) => {
      const [a, b, c] = draws.slice(3 * k, 3 * k + 3);
      const drawn = value + noise * a;
      const interval = { value: drawn, low: drawn - 1.96 * noise, high: drawn + 1.96 * noise };
      return distanceExcess(interval, floor + noise * b, ceiling + noise * c);
    });
    const isCovered = excesses.map(({ low, high }) => Number(low <= share && share <= high));
    expect(mean(isCovered)).toBeGreaterThan(0.92);
    const widths = mean(excesses.map(({ low, high }) => high - low));
    const spread = deviationOf(excesses.map((excess) => excess.value));
    expect(widths / (2 * 1.96 * spread)).toBeGreaterThan(1.1);
    expect(widths / (2 * 1.96 * spread)).toBeLessThan(1.7);
  });
});

/** Twice the mean distance between two samples [n, d] and [m, d] minus the mean distances within: a square, biased by 1/n. */
const squaredEnergy = (x: Tensor, y: Tensor) =>
  tidy(() => 2 * x.cdist(y).mean().item() - x.cdist(x).mean().item() - y.cdist(y).mean().item());

describe("excess of energy distances of normal samples", () => {
  const [n, ceilingShift] = [80, 0.8];
  const clock = { part: () => ({ isUp: false }) };
  const generator = Generator.create(3);
  const normal = (rows: number, shift: number) => randn([rows, 2], { generator }).add(shift);

  function draw(shift: number, seed: number) {
    return tidy(() => {
      const data = normal(n, 0);
      const reserve = normal(2 * n, 0);
      const [generated, source] = [normal(n, shift), normal(n, ceilingShift)];
      const options = { context: { options: { seed, clock } }, isDecisive: true };
      const compare = (x: Tensor, y: Tensor) => [squaredEnergy(x, y)];
      const samples = { generated, data, reserve, source };
      const [halves] = halvesOf(samples, compare, options as unknown as HalfOptions);
      const floors = [0, n].map((first) => squaredEnergy(reserve.narrow(0, first, n), data));
      const bounds = {
        value: squaredEnergy(generated, data),
        floor: mean(floors),
        ceiling: squaredEnergy(source, data),
      };
      return excessOf(bounds, halves, { isSquare: true, floorHigh: bounds.floor });
    });
  }
  const repeats = Array.from({ length: 60 }, (_, k) => k);
  const large = tidy(() =>
    [0.4, ceilingShift].map((shift) => squaredEnergy(normal(4000, shift), normal(4000, 0))),
  );
  const share = Math.sqrt(large[0] / large[1]);

  it("covers the true share, and is not much wider than its spread", () => {
    const excesses = repeats.map((seed) => draw(0.4, seed));
    const isCovered = excesses.map(({ low, high }) => Number(low <= share && share <= high));
    expect(mean(isCovered)).toBeGreaterThan(0.88);
    const widths = mean(excesses.map(({ low, high }) => (high ** 2 - low ** 2) / 2));
    const ratio = widths / (1.96 * deviationOf(excesses.map(({ value }) => value ** 2)));
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.3);
  });

  it("holds 0 for samples of the data's own distribution, with power to see the source", () => {
    const excesses = repeats.map((seed) => draw(0, seed));
    expect(mean(excesses.map(({ high }) => high))).toBeLessThan(0.5);
    expect(mean(excesses.map(({ low }) => Number(low > 0)))).toBeLessThan(0.1);
    expect(mean(excesses.map(({ power }) => power))).toBeGreaterThan(0.95);
  });
});
