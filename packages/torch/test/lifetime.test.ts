// Memory: what is born in a scope dies with it; outside of scopes the collector is told what a tensor weighs.
import { beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../test/support/collect.js";
import * as T from "../src/index.js";

const rss = () => process.memoryUsage().rss / 2 ** 20;
let live = 0;

beforeEach(() => {
  T.setNumThreads(1);
  collectGarbage();
  live = T.liveTensors();
});

describe("100,000 operations", () => {
  it("inside scopes leave nothing behind", () => {
    const before = { rss: rss(), current: T.memory().current };
    for (let round = 0; round < 100; round++) {
      T.tidy(() => {
        let x = T.ones([256]);
        for (let i = 0; i < 1000; i++) x = x.mul(1.0001);
      });
    }
    expect(T.liveTensors()).toBe(live);
    expect(T.memory().current).toBe(before.current);
    expect(rss() - before.rss).toBeLessThan(200);
  });
});

describe("tidy", () => {
  it("moves results out, however they are packed, and releases the rest", () => {
    const out = T.tidy(() => {
      const [a, b, c] = [T.ones([1]), T.ones([2]), T.ones([3])];
      T.ones([4]);
      return { a, list: [b, new Map([["c", c]])] as const, n: 1 };
    });
    expect(T.liveTensors()).toBe(live + 3);
    expect(out.list[1].get("c")!.sum().item()).toBe(3);
  });
  it("nests: an inner result belongs to the outer scope", () => {
    T.tidy(() => {
      const inner = T.tidy(() => T.ones([2]).add(1));
      expect(inner.toNumbers()).toEqual([2, 2]);
      expect(T.liveTensors()).toBe(live + 1);
    });
    expect(T.liveTensors()).toBe(live);
  });
  it("releases when its function throws, and spares what was kept", () => {
    let kept: T.Tensor | undefined;
    expect(() =>
      T.tidy(() => {
        kept = T.keep(T.ones([2]));
        T.ones([3]);
        throw new Error("boom");
      }),
    ).toThrow("boom");
    expect(T.liveTensors()).toBe(live + 1);
    kept!.dispose();
    expect(T.liveTensors()).toBe(live);
  });
  it("refuses asynchronous functions and still releases", () => {
    expect(() => T.tidy(async () => T.ones([2]))).toThrow(/synchronous/);
    expect(T.liveTensors()).toBe(live);
  });
  it("survives handles that are no tensors", () => {
    expect(() => T.tidy(() => void [new T.Tensor(5 as never), T.ones([1])])).not.toThrow();
    expect(T.liveTensors()).toBe(live);
  });
});

describe("disposal", () => {
  it("is idempotent, and use after it names the operation", () => {
    const t = T.ones([2]);
    t.dispose();
    t.dispose();
    expect(t.disposed).toBe(true);
    expect(() => t.relu()).toThrow(T.DisposedError);
    expect(() => t.relu()).toThrow(/aten::relu/);
    expect(() => t.shape).toThrow(T.DisposedError);
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
    expect(T.liveTensors()).toBe(live);
    const data = T.ones([2]);
    using p = new T.Parameter(data);
    expect(p.requiresGrad).toBe(true);
    expect(() => data.add(1)).toThrow(T.DisposedError);
  });
});

describe("Scope", () => {
  it("lives across awaits, in any order, and with others side by side", async () => {
    const job = async (n: number) => {
      using scope = new T.Scope();
      const a = scope.run(() => T.full([n], n));
      await new Promise((resolve) => setTimeout(resolve, n));
      const b = scope.run(() => a.add(1).sum());
      await Promise.resolve();
      return b.item();
    };
    expect(await Promise.all([job(3), job(1), job(2)])).toEqual([12, 2, 6]);
    expect(T.liveTensors()).toBe(live);
  });
  it("ends out of order, twice, and refuses asynchronous parts", () => {
    const [first, second] = [new T.Scope(), new T.Scope()];
    const a = first.run(() => second.run(() => T.ones([1])));
    first[Symbol.dispose]();
    expect(a.disposed).toBe(false);
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(a.disposed).toBe(true);
    expect(() => first.run(async () => 1)).toThrow(/synchronous/);
  });
});

it("a memory limit turns too much into an error", () => {
  T.setMemoryLimit(T.memory().current + 2 ** 20);
  expect(() => T.ones([2 ** 20])).toThrow(T.OutOfMemoryError);
  T.setMemoryLimit(Number.POSITIVE_INFINITY);
  expect(T.ones([2 ** 20]).numel).toBe(2 ** 20);
});
