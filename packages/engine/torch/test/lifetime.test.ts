// Memory: tensors of a scope die with it; outside of scopes the collector knows a tensor's weight.
import { beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import * as T from "../src/index.js";

let live = 0;

beforeEach(async () => {
  T.setNumThreads(1);
  await collectGarbage();
  live = T.memory().live;
});

describe("a recording", () => {
  const MiB = 2 ** 20;
  const chain = (x: T.Tensor, n: number) => {
    let y = x;
    for (let i = 0; i < n; i++) y = y.add(1);
    return y;
  };
  it("frees tensors without references, in inner scopes too", () => {
    const x = T.zeros([MiB]);
    for (const body of [
      (t: T.Tensor) => chain(t, 100),
      (t: T.Tensor) => T.tidy(() => chain(t, 100)),
    ]) {
      T.memory({ resetPeak: true });
      const [y] = T.tidy(() => T.recordCalls(body)(x));
      expect(T.memory().peak - T.memory().current).toBeLessThan(60 * MiB); // of 400
      expect(y.sum().item()).toBe(100 * MiB);
      y.dispose();
    }
  });
  it("keeps returned, kept and referenced tensors, and frees all others at its end", () => {
    const x = T.zeros([MiB]);
    const before = T.memory().live;
    const own: { kept?: T.Tensor; dropped?: T.Tensor } = {};
    const results = T.recordCalls((t) => {
      const early = t.add(1);
      own.kept = T.tidy(() => t.add(2)).keep();
      own.dropped = chain(t, 40);
      return [early.add(own.dropped), x];
    })(x);
    expect(T.tidy(() => results[0].max().item())).toBe(41);
    expect(T.tidy(() => own.kept!.max().item())).toBe(2);
    expect(own.dropped!.disposed).toBe(true);
    expect(x.disposed).toBe(false);
    for (const t of [own.kept!, results[0]!]) t.dispose();
    expect(T.memory().live).toBe(before);
  });
  it("gives everything back when its function throws", () => {
    const x = T.zeros([MiB]);
    const before = T.memory().live;
    const failing = T.recordCalls((t) => {
      chain(t, 20);
      throw new Error("boom");
    });
    expect(() => failing(x)).toThrow("boom");
    expect(T.memory().live).toBe(before);
    expect(T.tidy(() => chain(x, 3).disposed)).toBe(false);
    expect(T.memory().live).toBe(before);
  });
});

describe("tidy", () => {
  it("moves results out of any structure, and releases all other tensors", () => {
    const out = T.tidy(() => {
      const [a, b, c] = [T.ones([1]), T.ones([2]), T.ones([3])];
      T.ones([4]);
      return { a, list: [b, new Map([["c", c]])] as const, n: 1 };
    });
    expect(T.memory().live).toBe(live + 3);
    expect(out.list[1].get("c")!.sum().item()).toBe(3);
  });
  it("nests: an inner result belongs to the outer scope", () => {
    T.tidy(() => {
      const inner = T.tidy(() => T.ones([2]).add(1));
      expect(inner.toNumbers()).toEqual([2, 2]);
      expect(T.memory().live).toBe(live + 1);
    });
    expect(T.memory().live).toBe(live);
  });
  it("releases all but kept tensors when its function throws", () => {
    let kept: T.Tensor | undefined;
    expect(() =>
      T.tidy(() => {
        kept = T.ones([2]).keep();
        T.ones([3]);
        throw new Error("boom");
      }),
    ).toThrow("boom");
    expect(T.memory().live).toBe(live + 1);
    kept!.dispose();
    expect(T.memory().live).toBe(live);
  });
  it("refuses asynchronous functions and still releases", () => {
    expect(() => T.tidy(async () => T.ones([2]))).toThrow(/synchronous/);
    expect(T.memory().live).toBe(live);
  });
});

describe("disposal", () => {
  it("is idempotent, and use after it names the operation", () => {
    const t = T.ones([2]);
    t.dispose();
    t.dispose();
    expect(t.disposed).toBe(true);
    expect(() => t.relu()).toThrow(expect.objectContaining({ code: "ERR_TORCH_DISPOSED" }));
    expect(() => t.relu()).toThrow(/aten::relu/);
    expect(() => t.shape).toThrow(expect.objectContaining({ code: "ERR_TORCH_DISPOSED" }));
    expect(() => T.cat([T.ones([1]), t])).toThrow(/aten::cat.*disposed/);
    expect(String(t)).toBe("Tensor (disposed)");
  });
  it("leaves views, graphs and gradients alone", () => {
    const x = T.ones([4]).requiresGrad_();
    const y = x.mul(2);
    const loss = y.square().sum();
    const view = y.slice({ start: 2 });
    y.dispose();
    loss.backward();
    expect(x.grad!.toNumbers()).toEqual([8, 8, 8, 8]);
    expect(view.toNumbers()).toEqual([2, 2]);
  });
  it("comes with `using`, and a moved tensor says so", () => {
    {
      using t = T.ones([2]);
      expect(t.disposed).toBe(false);
    }
    expect(T.memory().live).toBe(live);
    const data = T.ones([2]);
    using p = new T.Parameter(data);
    expect(p.requiresGrad).toBe(true);
    expect(() => data.add(1)).toThrow(expect.objectContaining({ code: "ERR_TORCH_DISPOSED" }));
  });
});
