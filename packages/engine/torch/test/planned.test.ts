// Memory of replays: planned by the first one, in one block for all later ones, and right even if a
// run departs from its plan.
import { beforeEach, expect } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { it } from "../../../../test/support/in-scope.js";
import * as T from "../src/index.js";
import { Program } from "../src/program/record.js";

beforeEach(collectGarbage);

const MiB = 2 ** 20;
const record = (fn: (...x: T.Tensor[]) => T.Tensor[], ...inputs: T.Tensor[]) =>
  Program.record(fn, inputs).program;
/** Blocks that malloc gave while `fn` ran. */
const allocations = (fn: () => void) => {
  const before = T.memory().allocations;
  fn();
  return T.memory().allocations - before;
};
/** Ten layers of 64 × 64, each of several operations. */
const chain = (x: T.Tensor) => {
  let y = x;
  for (let i = 0; i < 10; i++) y = y.matmul(x).tanh().add(y).mul(0.5);
  return y;
};

it("from the second on, replays ask malloc for their results alone", () => {
  const x = T.randn([64, 64]);
  const program = record((a) => [chain(a), chain(a).sum()], x);
  const want = program.run(x).map((t) => t.toNumbers()); // makes the plan
  program.run(x);
  for (let i = 0; i < 3; i++) {
    let results: T.Tensor[] = [];
    expect(allocations(() => (results = program.run(x)))).toBe(2);
    expect(results.map((t) => t.toNumbers())).toEqual(want);
  }
  record((a) => [a.neg()], x); // gives the block back
  expect(allocations(() => program.run(x))).toBe(3);
});

it("a training step asks malloc for nothing, and trains as without recording", () => {
  const train = (recordIt: boolean) =>
    T.tidy(() => {
      T.manualSeed(2);
      const net = new T.nn.Sequential(
        new T.nn.Linear(8, 32),
        new T.nn.SiLU(),
        new T.nn.Linear(32, 8),
      );
      const adam = new T.optim.Adam(net.parameters(), { lr: 1e-2 });
      const step = (x: T.Tensor) => {
        adam.zeroGrad();
        const loss = net.forward(x).sub(x).square().mean();
        loss.backward();
        adam.step();
        return [];
      };
      const run = recordIt ? T.recordCalls(step) : step;
      const batches = Array.from({ length: 8 }, () => T.randn([16, 8]));
      const counts = batches.map((x) => allocations(() => T.tidy(() => void run(x))));
      return { counts, weights: net.parameters().map((p) => p.toNumbers()) };
    });
  const { counts, weights } = train(true);
  expect(weights).toEqual(train(false).weights);
  // Gradients outlive a step.
  expect(Math.max(...counts.slice(3))).toBeLessThanOrEqual(4);
  expect(counts[0]).toBeGreaterThan(20);
});

it("the block has the size of the tensors that live together, and serves all programs of the thread", () => {
  const x = T.randn([512, 512]); // 1 MiB
  const peakOf = (fn: (x: T.Tensor) => T.Tensor) => {
    const program = record((a) => [fn(a).sum()], x);
    for (let i = 0; i < 2; i++) program.run(x);
    const { current } = T.memory({ resetPeak: true });
    program.run(x);
    return (T.memory().peak - current) / MiB;
  };
  // y, its product with x, and what is made of it: three at most.
  const peak = peakOf(chain);
  expect(peak).toBeGreaterThan(2);
  expect(peak).toBeLessThan(3.1);
  expect(peakOf((a) => a.tanh())).toBeLessThan(1.1);
});

it("a gradient that sometimes outlives the run keeps its numbers", () => {
  const w = T.ones([64]).requiresGrad_();
  const x = T.arange(0, 64, { dtype: "float32" });
  const program = record((a) => {
    w.mul(a).sum().backward();
    return [];
  }, x);
  w.grad = null;
  const want = x.toNumbers();
  for (let round = 0; round < 4; round++) {
    w.grad = null;
    for (let times = 1; times <= 3; times++) {
      program.run(x);
      expect((w.grad as T.Tensor | null)?.toNumbers()).toEqual(want.map((v) => v * times));
    }
  }
});

it("another number of threads needs other blocks and gives the same numbers", () => {
  T.manualSeed(5);
  const threads = T.getNumThreads();

  const x = T.randn([4, 16, 16, 16]).contiguous({ memoryFormat: "channelsLast" });
  const w = T.randn([16, 16, 3, 3]).requiresGrad_();
  const program = record((a) => {
    w.grad = null;
    const y = T.conv2d(a, w, { padding: [1, 1] });
    y.square().sum().backward();
    return [y.detach()];
  }, x);
  try {
    const want = program.run(x).map((t) => t.toNumbers());
    for (let i = 0; i < 12; i++) {
      T.setNumThreads(1 + (i % 2));
      expect(program.run(x).map((t) => t.toNumbers())).toEqual(want);
    }
  } finally {
    T.setNumThreads(threads);
  }
});

it("a limit below the plan is an error, as without one, and the next run is right", () => {
  T.manualSeed(6);

  const x = T.randn([512, 512]);
  const program = record((a) => [chain(a).sum()], x);
  const want = program.run(x).map((t) => t.toNumbers());
  program.run(x);
  T.setMemoryLimit(T.memory().current + MiB / 2);
  try {
    expect(() => program.run(x)).toThrow(expect.objectContaining({ code: "ERR_TORCH_MEMORY" }));
  } finally {
    T.setMemoryLimit(Number.POSITIVE_INFINITY);
  }
  for (let i = 0; i < 2; i++) expect(program.run(x).map((t) => t.toNumbers())).toEqual(want);
});
