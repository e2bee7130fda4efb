// Simulated ends take the mean and the deviation of the data: exactly, coordinate by coordinate, and nothing else changes.
import { full, noGrad, randn, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import { distance } from "../../../../../test/support/numbers.js";
import { startFrom } from "../../../../../test/support/start.js";
import { endpointMoments, withMoments } from "../../src/coupling/moments.js";

startFrom(1);

const meanOf = (x: Tensor) => x.mean(0).toNumbers();
const stdOf = (x: Tensor) => x.var({ dim: 0, correction: 0 }).sqrt().toNumbers();
const expectNear = (found: readonly number[], expected: readonly number[]) =>
  expectClose(found, expected, 4);

describe("ends with moments", () => {
  it("have the moments of the data in each coordinate, whatever they had", () => {
    const data = randn([1000, 3])
      .mul(tensor([0.01, 1, 30]))
      .add(tensor([5, -2, 0]));
    using moments = endpointMoments(data);
    const ends = withMoments(randn([500, 3]).mul(2).add(1), moments);
    expectNear(meanOf(ends), meanOf(data));
    expectNear(stdOf(ends.div(tensor([0.01, 1, 30]))), stdOf(data.div(tensor([0.01, 1, 30]))));
  });

  it("of several intervals have the moments of their interval", () => {
    const interval = tensor(
      Array.from({ length: 600 }, (_, i) => i % 2),
      { dtype: "int64" },
    );
    const scale = interval.to("float32").mul(4).add(1).unsqueeze(1);
    const data = randn([600, 2]).mul(scale).add(scale);
    using moments = endpointMoments(data, { interval, intervals: 2 });
    const ends = withMoments(randn([600, 2]), moments, { interval });
    for (const k of [0, 1]) {
      const rows = interval.eq(k).nonzero().squeeze(1);
      expectNear(meanOf(ends.indexSelect(0, rows)), meanOf(data.indexSelect(0, rows)));
      expectNear(stdOf(ends.indexSelect(0, rows)), stdOf(data.indexSelect(0, rows)));
    }
  });

  it("of images are moved and scaled channel by channel", () =>
    noGrad(() => {
      const data = randn([100, 2, 4, 4])
        .mul(tensor([1, 5]).reshape([2, 1, 1]))
        .add(2);
      using moments = endpointMoments(data);
      const ends = withMoments(randn([80, 2, 4, 4]), moments);
      const flat = (x: Tensor) => x.transpose(0, 1).reshape([2, -1]).t();
      expectNear(meanOf(flat(ends)), meanOf(flat(data)));
      expectNear(stdOf(flat(ends)), stdOf(flat(data)));
    }));

  it.each([
    { what: "too few rows to know their moments", rows: 20, changed: 0 },
    { what: "a coordinate of the data that does not vary", rows: 200, changed: 1 },
  ])("$what", ({ rows, changed }) => {
    using moments = endpointMoments(tensor(Array.from({ length: 100 }, () => [7])));
    const x = randn([rows, 1]);
    const ends = withMoments(x, moments);
    expect(distance(ends, changed ? full([rows, 1], 7) : x)).toBeLessThan(1e-5);
  });

  it("of fields count no cells without values, whose values stay 0", () => {
    const mask = tensor([1, 0, 1, 1], { shape: [1, 1, 2, 2], dtype: "float32" });
    const cells = { mask, share: 0.75 };
    const valid = randn([200, 1, 2, 2]).mul(3).add(10);
    const held = (x: Tensor) =>
      x.reshape([-1, 4]).indexSelect(1, tensor([0, 2, 3], { dtype: "int64" }));
    using moments = endpointMoments(valid.mul(mask), { cells });
    const rows = held(valid);
    expectNear(moments.toNumbers(), [
      rows.mean().item(),
      rows.var({ correction: 0 }).sqrt().item(),
    ]);
    const ends = withMoments(randn([200, 1, 2, 2]).mul(mask), moments, { cells });
    expect(distance(ends, ends.mul(mask))).toBe(0);
    expectNear([held(ends).mean().item()], [rows.mean().item()]);
  });
});
