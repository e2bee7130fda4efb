// Growth told apart from movement, of data whose growth is known.
import { cat, type Tensor, tensor, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { courseGrowth } from "../../src/coupling/course-growth.js";
import { scanGrowth } from "../../src/coupling/growth-scan.js";
import { kernelMean } from "../../src/coupling/kernel-mean.js";

const rates = [0.5, -0.3];
const rows = 160;

/** Two lineages that move to the right and away from each other, the growing one first; and their masses. */
function lineages(days: number, growth = rates) {
  const shares = Array.from({ length: days }, (_, t) => {
    const masses = growth.map((rate) => 0.5 * Math.exp(rate * t));
    return { mass: masses[0] + masses[1], share: masses[0] / (masses[0] + masses[1]) };
  });
  const sets = shares.map(({ share }, t) => {
    const first = Math.round(share * rows);
    const noise = normal([rows, 2], 100 + t).to("float64");
    const side = tensor(Float64Array.from({ length: rows }, (_, i) => (i < first ? 1 : -1)));
    const progress = noise.select(1, 0).mul(0.25).add(t);
    const height = progress.mul(0.5).add(0.6).mul(side).add(noise.select(1, 1).mul(0.2));
    return cat([progress.unsqueeze(1), height.unsqueeze(1)], { dim: 1 });
  });
  return { sets, masses: shares.map(({ mass }) => mass), spans: shares.slice(1).map(() => 1) };
}

/** Mean gains of rows above and below the axis. */
function gainsOf(x: Tensor, gain: Tensor): [number, number] {
  const isAbove = x.select(1, 1).gt(0).to("float64");
  const mean = (weights: Tensor) => gain.mul(weights).sum().div(weights.sum()).item();
  return [mean(isAbove), mean(isAbove.rsub(1))];
}

describe("the growth of a course", () => {
  it("separates two lineages, even if rows move farther than the lineages are apart", () => {
    const { sets, ...course } = lineages(4);
    const all = courseGrowth(sets, { ...course, delta: 1.2 });
    for (const [k, { gain }] of all.entries()) {
      const [above, below] = gainsOf(sets[k], gain);
      expect(Math.abs(above - rates[0])).toBeLessThan(0.15);
      expect(Math.abs(below - rates[1])).toBeLessThan(0.15);
      // The total mass is that of the next day.
      const total = gain.exp().mean().log().item();
      expect(total).toBeCloseTo(Math.log(course.masses[k + 1] / course.masses[k]), 6);
    }
  });

  it("is zero if rows only move", () => {
    const { sets, ...course } = lineages(3, [0, 0]);
    for (const { gain, move } of courseGrowth(sets, { ...course, delta: 1.2 })) {
      expect(gain.abs().mean().item()).toBeLessThan(0.06);
      expect(move.select(1, 0).mean().item()).toBeCloseTo(1, 1);
    }
  });

  it("is the same after one more round", () => {
    const { sets, ...course } = lineages(3);
    const options = { ...course, delta: 1.2 };
    const start = courseGrowth(sets, options);
    const again = courseGrowth(sets, { ...options, start, rounds: 1 });
    for (const [k, { gain }] of again.entries())
      expect(distance(gain, start[k].gain)).toBeLessThan(0.1);
  });
});

describe("the scan of lengths", () => {
  it("finds growth on which halves of the rows agree, and a length that shows it", () => {
    const { sets, ...course } = lineages(4);
    const { lengths, best } = scanGrowth(sets, course, generatorOf(1));
    expect(lengths[best].agreement).toBeGreaterThan(0.8);
    // Half of the difference of both rates, if lineages are equally large; less where they are not.
    expect(lengths[best].growth).toBeGreaterThan(0.25);
    expect(lengths.map(({ delta }) => delta)).toEqual(
      lengths.map(({ delta }) => delta).toSorted((a, b) => b - a),
    );
  });

  it("finds no growth between two draws of one distribution", () => {
    const sets = [1, 2].map((seed) => normal([300, 2], seed).to("float64"));
    const { lengths, best } = scanGrowth(sets, { masses: [1, 1], spans: [1] }, generatorOf(2));
    expect(lengths[best].agreement).toBeLessThan(0.5);
  });
});

describe("a local mean", () => {
  it("in one of two groups that lie apart is the value of this group", () => {
    const x = cat([normal([40, 2], 5), normal([40, 2], 6).add(50)]);
    const values = cat([zeros([40, 1]), zeros([40, 1]).add(3)]).to("float64");
    expect(distance(kernelMean({ rows: x, values }, x), values)).toBeLessThan(1e-6);
  });
});
