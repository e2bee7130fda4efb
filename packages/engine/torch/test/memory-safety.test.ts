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

/** Runs what asks for more memory than there may be. */
function refused(fn: () => unknown): void {
  T.setMemoryLimit(T.memory().current + 4096);
  expect(fn).toThrow(expect.objectContaining({ code: "ERR_TORCH_MEMORY" }));
  T.setMemoryLimit(Number.POSITIVE_INFINITY);
}

describe("a tensor whose resize failed", () => {
  const far = 2 ** 24;
  const wide = () => T.ones([1]).expand([far]);
  const ways: [string, (t: T.Tensor) => unknown][] = [
    ["resize_", (t) => call("aten::resize_", "", t, [far])],
    ["cat.out", (t) => call("aten::cat", "out", [wide(), wide()], 0, t)],
    ["sort.values", (t) => call("aten::sort", "values", wide(), 0, false, t, T.tensor([1n]))],
    [
      "set_",
      (t) => call("aten::set_", "source_Tensor_storage_offset", t, T.ones([1]), 0, [far], [1]),
    ],
  ];
  it.each(ways)("in %s is unusable", (_, way) => {
    const t = T.ones([4]);
    refused(() => way(t));
    if (!t.disposed) {
      // It kept its own shape and memory.
      expect(t.fill_(2).toNumbers()).toEqual([2, 2, 2, 2]);
      return;
    }
    for (const use of [
      () => t.fill_(1),
      () => t.toArray(),
      () => t.shape,
      () => T.cat([t]),
      () => call("aten::resize_", "", t, [4]),
    ])
      expect(use).toThrow(expect.objectContaining({ code: "ERR_TORCH_DISPOSED" }));
    expect(String(t)).toBe("Tensor (disposed)");
    t.dispose();
  });

  it("or was given a storage that is too small, is unusable", () => {
    const t = T.ones([2, 2], { dtype: "float64" });
    call("aten::set_", "source_Tensor", t, T.ones([2, 2]));
    expect(() => t.fill_(1)).toThrow(/lost its memory/);
  });

  it("is seen by all handles of it, by programs that hold it, and not by its views", () => {
    const x = T.ones([4]).requiresGrad_();
    x.sum().backward();
    const gradient = x.grad as T.Tensor;
    const view = gradient.narrow(0, 0, 2);
    const { program } = T.Program.record((y) => y.add(gradient), [T.ones([4])]);
    refused(() => call("aten::resize_", "", gradient, [far]));
    expect(() => gradient.toArray()).toThrow(/lost its memory/);
    expect(() => x.grad?.toArray()).toThrow(/lost its memory/);
    expect(() => program.run(T.ones([4]))).toThrow(/another shape, dtype, strides or memory/);
    expect(view.toNumbers()).toEqual([1, 1]);
    x.grad = null;
    x.sum().backward();
    expect((x.grad as T.Tensor | null)?.toNumbers()).toEqual([1, 1, 1, 1]);
  });
});

describe("a program refuses held tensors", () => {
  const held = () => T.tensor([1, 2, 3, 4]);
  const record = (t: T.Tensor) =>
    T.Program.record((x) => x.add(t.view([2, 2])), [T.zeros([2, 2])]).program;
  const zero = () => T.zeros([2, 2]);

  it("whose memory set_ has replaced, and takes them when it is back", () => {
    const t = held();
    const same = t.detach();
    const program = record(t);
    call("aten::set_", "source_Tensor", t, T.tensor([5, 6, 7, 8]));
    expect(() => program.run(zero())).toThrow(/another shape, dtype, strides or memory.*record/);
    call("aten::set_", "source_Tensor", t, same);
    expect(program.run(zero())[0]?.toNumbers()).toEqual([1, 2, 3, 4]);
  });
});

it("grants together what the machine has, not each request for itself", () => {
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
