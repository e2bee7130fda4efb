// Chunked replay: the same numbers on one, two and three threads, the right ones, and errors that come through.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";
import { distance } from "./kernel/in-double.js";

const options = (threads: number, seed = 3) => ({
  rows: 300,
  threads,
  generator: T.Generator.create(seed),
  inputDims: [0, -1],
  outputDims: [0],
});

startFrom(8);

describe("runChunked", () => {
  it("computes shared values of all chunks once, from the newest weights, except random draws and written tensors", () => {
    const weight = T.randn([4]);
    const f = T.recordCalls((x) => {
      const e = weight.exp();
      const written = weight.cos();
      written.add_(1);
      return x
        .mul(e)
        .add(written)
        .add(T.zeros([4]).normal_());
    });
    const x = T.randn([1000, 4]);
    const run = (threads: number) =>
      T.runChunked(f, [x], { ...options(threads), inputDims: [0] })[0];
    run(1);
    for (const threads of [1, 2]) {
      weight.add_(0.1);
      const y = run(threads);
      const rest = y.sub(x.mul(weight.exp())).sub(weight.cos().add(1));
      const noise = [0, 300, 600, 900].map((start) => rest.narrow(0, start, 100));
      // In a chunk all rows have the same draw, and chunks have others.
      for (const part of noise) expect(distance(part, part.narrow(0, 0, 1))).toBeLessThan(1e-5);
      expect(distance(noise[0], noise[1])).toBeGreaterThan(0.01);
    }
  });
  it("draws numbers that depend on the generator, not on the threads", () => {
    const noise = T.recordCalls((x, w) => x.add(x.randnLike()).add(w));
    const [x, w] = [T.zeros([20_000, 2]), T.zeros([2])];
    const run = (threads: number, seed?: number) =>
      T.runChunked(noise, [x, w], options(threads, seed))[0];
    const one = run(1);
    expect(run(2).rawArray()).toEqual(one.rawArray());
    expect(run(3).rawArray()).toEqual(one.rawArray());
    expect(run(2, 4).rawArray()).not.toEqual(one.rawArray());
    expect(Math.abs(one.mean().item())).toBeLessThan(0.02); // 40,000 draws: four standard errors
    expect(Math.abs(one.square().mean().item() - 1)).toBeLessThan(0.03);
    expect(one.slice({ end: 300 }).rawArray()).not.toEqual(
      one.slice({ start: 300, end: 600 }).rawArray(),
    );
  });
  it("passes a chunk's error on, and works afterwards", () => {
    const table = T.ones([5]);
    const f = T.recordCalls((x, w) => table.index([x]).add(w));
    const good = T.zeros([1000], { dtype: "int64" });
    const bad = good.clone();
    bad.select(0, 900).fill_(99);
    const total = (threads: number) =>
      T.tidy(() =>
        T.runChunked(f, [good, T.ones([])], options(threads))[0]
          .sum()
          .item(),
      );
    expect(total(2)).toBe(2000);
    for (const threads of [1, 3])
      expect(() => T.runChunked(f, [bad, T.ones([])], options(threads))).toThrow(/out of bounds/);
    expect(total(3)).toBe(2000);
  });
  it("refuses options without rows to cut, and functions that write to shared tensors", () => {
    const f = T.recordCalls((x, w) => x.add(w));
    const inputs = [T.zeros([10]), T.zeros([])];
    const run = (changes: object) => () => T.runChunked(f, inputs, { ...options(1), ...changes });
    expect(run({ rows: 0 })).toThrow(/rows is 0/);
    expect(run({ inputDims: [-1, -1] })).toThrow(/inputDims/);
    expect(run({ outputDims: [] })).toThrow(T.TorchError);
    expect(run({ outputDims: [7] })).toThrow(/outputDims|dimension/);
    expect(() => T.runChunked(f, [T.zeros([0]), T.zeros([])], options(1))).toThrow(/no rows/);
    const total = T.zeros([]);
    const writer = T.recordCalls((x, w) => {
      total.add_(1);
      return x.add(w);
    });
    expect(() => T.runChunked(writer, inputs, options(2))).toThrow(/all chunks share/);
  });
});

describe("startChunked", () => {
  const noise = T.recordCalls((x, w) => x.add(x.randnLike()).add(w));
  const inputs = [T.zeros([5000, 4]), T.zeros([])];
  it("starts after earlier runs, on any number of threads, and ends in any order", () => {
    const noise = T.recordCalls((x, w) => x.matmul(w).silu().add(x.randnLike()));
    const inputs = [T.randn([3000, 64]), T.randn([64, 64])];
    const [a, b] = [1, 2].map((seed) => T.runChunked(noise, inputs, options(1, seed))[0]);
    for (const threads of [
      [1, 1, 1],
      [2, 2, 2],
      [3, 1, 2],
      [1, 3, 1],
    ]) {
      const runs = threads.map((n, i) => T.startChunked(noise, inputs, options(n, i + 1)));
      // The last one is not wanted after all.
      runs[2].stop();
      expect(distance(runs[1].finish()[0], b)).toBe(0);
      expect(distance(runs[0].finish()[0], a)).toBe(0);
    }
  });
  it.skipIf(process.platform !== "linux")("joins ended threads while runs wait", async () => {
    const f = T.recordCalls((x, w) => x.add(w));
    const inputs = [T.zeros([3000, 2]), T.zeros([])];
    const virtual = () =>
      Number(/VmSize:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
    const before = virtual();
    const runs = [];
    for (let i = 0; i < 150; i++) {
      runs.push(T.startChunked(f, inputs, options(4)));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // Without a join, a thread keeps a stack of 8 MiB.
    expect(virtual() - before).toBeLessThan(1000);
    for (const run of runs) run.finish();
  });
  it("ends early and gives its memory back, also when nobody waits for it", async () => {
    const heavy = T.recordCalls((x, w) => {
      let y = x.add(w);
      for (let i = 0; i < 50; i++) y = y.sin();
      return y;
    });
    const big = [T.zeros([200_000, 8]), T.zeros([])];
    heavy.programFor(T.zeros([300, 8]), T.zeros([]));
    const run = T.startChunked(heavy, big, options(2));
    run.stop();
    run.stop();
    expect(run.outputs[0].disposed).toBe(true);
    T.tidy(() => void T.startChunked(heavy, big, options(2)));
    await collectGarbage();
    expect(T.runChunked(noise, inputs, options(2))[0].shape).toEqual([5000, 4]);
  });
});
