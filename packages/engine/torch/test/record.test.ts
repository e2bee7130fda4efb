// Recorded programs give, bit for bit, the result of the function itself: for inference and for
// whole training steps.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";
import { bits, nets, trainTwins } from "./record-support.js";

startFrom(2);

describe("training", () => {
  it.each(nets)("20 steps of %s: losses and weights are equal bit for bit", (_, make, shape) => {
    const plain = trainTwins(make(), { steps: 20, shape, record: false });
    expect(trainTwins(make(), { steps: 20, shape, record: true })).toEqual(plain);
    expect(plain.losses[19]).toBeLessThan(plain.losses[0]);
  });

  it("leaves .grad as the function does: accumulated, or cleared", () => {
    const w = T.ones([3]).requiresGrad_();
    const accumulate = T.recordCalls((x) => {
      const y = x.mul(w).sum();
      y.backward();
      return y;
    });
    for (let i = 1; i <= 3; i++) {
      accumulate(T.tensor([1, 2, 3]));
      expect(w.grad!.toNumbers()).toEqual([i, 2 * i, 3 * i]);
    }
    const clear = T.recordCalls((x) => {
      T.zeroGrad([w]);
      return x.add(1);
    });
    clear(T.ones([1]));
    w.grad = T.ones([3]);
    clear(T.ones([1]));
    expect(w.grad).toBeNull();
  });
});

describe("inference", () => {
  it("is equal for strided inputs, several outputs and views of parameters", () => {
    const w = T.randn([6, 4]);
    const f = (x: T.Tensor, y: T.Tensor) => {
      const h = x.matmul(w.slice({ start: 2, end: 5 }));
      return [h.softmax(1), y.add(w.select(0, 0)), h.max(1)[1]];
    };
    const g = T.recordCalls(f);
    for (let i = 0; i < 3; i++) {
      const [x, y] = [T.randn([3, 5]).t(), T.randn([4, 2]).transpose(0, 1)];
      expect(bits(g(x, y))).toEqual(bits(f(x, y)));
    }
  });
  it("sees changed values of held tensors, and writes into them as the function does", () => {
    const state = T.zeros([2]);
    const step = T.recordCalls((x) => {
      state.add_(x);
      return state.mul(10);
    });
    expect(step(T.ones([2]))[0].toNumbers()).toEqual([10, 10]);
    state.fill_(5);
    expect(step(T.ones([2]))[0].toNumbers()).toEqual([60, 60]);
    expect(state.toNumbers()).toEqual([6, 6]);
  });
  it("draws new numbers at each replay, from the same generator as unrecorded", () => {
    const g = T.Generator.create(9);
    const noise = T.recordCalls((x) => x.add(T.randn([4], { generator: g })).add(x.randLike()));
    T.manualSeed(1);
    const got = [0, 1, 2].map(() => noise(T.zeros([4]))[0].toNumbers());
    T.manualSeed(1);
    g.manualSeed(9);
    const want = [0, 1, 2].map(() =>
      T.randn([4], { generator: g })
        .add(T.zeros([4]).randLike())
        .toNumbers(),
    );
    expect(got).toEqual(want);
    expect(new Set(got.map(String)).size).toBe(3);
  });
  it("records again for another shape or dtype, up to its limit", () => {
    const f = T.recordCalls((x) => x.add(1), { limit: 2 });
    expect(f(T.ones([2]))[0].shape).toEqual([2]);
    expect(f(T.ones([3]))[0].shape).toEqual([3]);
    expect(() => f(T.ones([4]))).toThrow(/limit/);
    f.reset();
    expect(f(T.ones([2], { dtype: "int64" }))[0].dtype).toBe("int64");
  });
});

describe("economy", () => {
  it("drops operations without a use", () => {
    const { program } = T.Program.record(
      (x) => {
        x.exp().sum();
        return x.mul(2);
      },
      [T.ones([3])],
    );
    expect(T.describeProgram(program).steps.map(({ name }) => name.split(".")[0])).toEqual([
      "aten::mul",
    ]);
  });
});
