// The noise of a seed against numbers that the native engine printed: libtorch's generator (randn of a Generator of
// @dsbm/torch) and the native sampler's blocks (RowNoise of @dsbm/train).
import { describe, expect, it } from "vitest";
import { normalStream } from "../src/noise/normal.js";
import { rowNoise } from "../src/noise/row-noise.js";

const near = (found: Float32Array, wanted: number[]) => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, z] of wanted.entries()) expect(found[i]).toBeCloseTo(z, 5);
};

describe("randn of a seed", () => {
  // Two draws in a row of each size: below 16 numbers, 16, and more, of which the last 16 are drawn again.
  it.each([
    [3, [0.11027837, 2.20076966, -0.89699692], [-0.38561481, -0.60625219, 1.04208314]],
    [15, [-0.90481919, 0.79708368, -0.2747651], [1.3124423, -0.36356077, 0.14646012]],
    [16, [0.03170634, -1.23118997, 1.29697677], [-1.69751394, 0.78002775, -1.8619113]],
    [17, [0.78002775, -1.8619113, 0.95749748], [-2.84538174, -0.29605669, -0.4354375]],
    [40, [0.83070463, -0.20957373, -0.01673015], [-1.22845519, 0.767959, -2.18685341]],
    [500, [0.45664555, 0.50633484, 0.80276269], [-0.52974403, 0.03237269, -0.23844087]],
  ])("of %i numbers", (n, first, second) => {
    const draw = normalStream(123456789);
    near(draw(n).slice(-3), first);
    near(draw(n).slice(-3), second);
  });
});

describe("the noise of rows", () => {
  const key = { seed: 42, purpose: "f" };

  it("is that of the native sampler, over several blocks and draws", () => {
    const draw = rowNoise({ first: 0, n: 300, block: 250, size: 2 }, key);
    const [one, two] = [draw(), draw()];
    near(one.slice(0, 2), [1.10324073, -2.44550157]);
    near(one.slice(498, 502), [-0.05570987, 0.96703446, 1.34817767, 0.84714013]);
    near(one.slice(-4), [-0.75323606, -0.3333374, -0.65088779, -0.04145696]);
    near(two.slice(0, 2), [-0.69318634, -1.39031267]);
    near(two.slice(-4), [-0.4319365, -1.14544582, 0.50701988, 0.20498566]);
  });

  it("is that of small pictures, drawn number by number", () => {
    const draw = rowNoise({ first: 0, n: 9, block: 8, size: 1 }, key);
    near(draw().slice(-4), [1.83049095, -0.7077508, 0.07148787, 0.56364954]);
    near(draw().slice(-4), [-0.40728894, 0.54357129, -1.2224047, 1.56330705]);
  });

  it("does not depend on how the rows are cut", () => {
    const whole = rowNoise({ first: 0, n: 260, block: 250, size: 2 }, key)();
    const part = rowNoise({ first: 247, n: 5, block: 250, size: 2 }, key)();
    expect(part).toEqual(whole.slice(2 * 247, 2 * 252));
  });
});
