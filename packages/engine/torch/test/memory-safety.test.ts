// Memory that was refused, replaced or promised too often: errors, never a shape without elements behind it.
import { freemem } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import * as T from "../src/index.js";

const { call } = T.unsafe;

beforeEach(async () => {
  T.setNumThreads(1);
  await collectGarbage();
});
afterEach(() => T.setMemoryLimit(Number.POSITIVE_INFINITY));

describe("operations that give a tensor another shape are refused:", () => {
  const wide = () => T.ones([1]).expand([2 ** 24]);
  const ways: [string, (t: T.Tensor) => unknown][] = [
    ["resize_", (t) => call("aten::resize_", "", t, [2 ** 24])],
    ["cat.out", (t) => call("aten::cat", "out", [wide(), wide()], 0, t)],
    ["sort.values", (t) => call("aten::sort", "values", wide(), 0, false, t, T.tensor([1n]))],
    ["set_", (t) => call("aten::set_", "source_Tensor", t, T.ones([2]))],
    ["set_data", (t) => call("aten::set_data", "", t, T.ones([2]))],
  ];
  it.each(ways)("%s", (_, way) => {
    const t = T.ones([4]);
    expect(() => way(t)).toThrow(expect.objectContaining({ code: "ERR_TORCH_UNSAFE" }));
    expect(t.toNumbers()).toEqual([1, 1, 1, 1]);
  });
});

it("grants no more memory to all requests together than the machine has", () => {
  const available = freemem();
  const chunk = 2 ** 28;
  const granted: T.Tensor[] = [];
  try {
    // Nothing is written to them: no counter of the kernel shows them.
    expect(() => {
      for (let i = 0; i <= (1.5 * available) / chunk; i++)
        granted.push(T.empty([chunk], { dtype: "uint8" }));
    }).toThrow(/available on this machine/);
    expect(granted.length * chunk).toBeLessThan(1.05 * available);
    expect(granted.length * chunk).toBeGreaterThan(0.5 * available);
  } finally {
    for (const t of granted) t.dispose();
  }
});
