// What cannot be recorded is an error that says what; the engine works on as before.
import { afterEach, describe, expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";

const x = () => T.tensor([1, -2, 3]);

startFrom(6);
afterEach(() => {
  // No recording is left under way: reading values works, and so does a new recording.
  expect(x().sum().item()).toBe(2);
  expect(T.recordCalls((y) => y.add(1))(x())[0].toNumbers()).toEqual([2, -1, 4]);
  expect(T.gradEnabled()).toBe(true);
});

describe("inside a recording", () => {
  const refused: [string, (y: T.Tensor) => unknown, RegExp][] = [
    ["item", (y) => y.sum().item(), /item\(\) cannot be recorded/],
    ["toArray", (y) => y.toArray(), /values cannot be recorded/],
    ["JavaScript data", () => T.tensor([1]), /JavaScript data cannot be recorded/],
    ["nonzero", (y) => y.nonzero(), /nonzero.*depends on the values/],
    ["masked_select", (y) => y.maskedSelect(y.gt(0)), /masked_select.*depends on the values/],
    ["a recording", (y) => T.recordCalls((z) => z.add(1))(y), /recording inside a recording/],
    ["seeding", () => T.manualSeed(1), /seeding/],
    ["a generator's state", () => T.Generator.default().getState(), /state/],
  ];
  it.each(refused)("%s is refused", (_, act, message) => {
    const f = T.recordCalls((y) => {
      act(y);
      return y.add(1);
    });
    expect(() => f(x())).toThrow(message);
    expect(() => f(x())).toThrow(expect.objectContaining({ code: "ERR_TORCH_RECORDING" }));
  });
  it("an asynchronous function is refused, and an error of the function reaches the caller", () => {
    expect(() => T.recordCalls((async (y: T.Tensor) => y) as never)(x())).toThrow(/asynchronous/);
    const boom = T.recordCalls(() => {
      throw new RangeError("boom");
    });
    expect(() => boom(x())).toThrow(RangeError);
  });
  it("a graph that was built before is refused", () => {
    const w = T.ones([3]).requiresGrad_();
    const before = w.exp().sum();
    const f = T.recordCalls((y) => {
      before.backward();
      return y;
    });
    expect(() => f(x())).toThrow(/before the recording/);
  });
  it("inputs are data, results are tensors", () => {
    expect(() => T.recordCalls((y) => y)(x().requiresGrad_())).toThrow(/requires grad/);
    expect(() => T.recordCalls(() => 5 as never)(x())).toThrow(/list of tensors/);
    expect(() => T.Program.record((y) => y, 5 as never)).toThrow(/list of tensors/);
  });
});

describe("at replay", () => {
  it("another shape, dtype or number of inputs is refused", () => {
    const { program } = T.Program.record((y) => y.mul(2), [x()]);
    expect(() => program.run(T.ones([4]))).toThrow(/recorded for float32\[3\]/);
    expect(() => program.run(T.ones([3], { dtype: "float64" }))).toThrow(/float64/);
    expect(() => program.run()).toThrow(/takes 1 inputs, got 0/);
    expect(() => program.run(x(), x())).toThrow(/got 2/);
    const gone = x();
    gone.dispose();
    expect(() => program.run(gone)).toThrow(
      expect.objectContaining({ code: "ERR_TORCH_DISPOSED" }),
    );
    expect(program.run(x())[0].toNumbers()).toEqual([2, -4, 6]);
  });
  it("a gradient that the program adds to must not be replaced", () => {
    const w = T.ones([3]).requiresGrad_();
    w.grad = T.zeros([3]);
    const { program } = T.Program.record(
      (y) => {
        y.mul(w).sum().backward();
        return y;
      },
      [x()],
    );
    program.run(x());
    expect(w.grad.toNumbers()).toEqual([2, -4, 6]);
    w.grad = null;
    expect(() => program.run(x())).toThrow(/inside the recorded function/);
  });
  it("a held tensor may be disposed of, but not change its shape", () => {
    const held = T.ones([1, 3]);
    const { program } = T.Program.record((y) => y.add(held), [x()]);
    T.unsafe.call("aten::t_", "", held);
    expect(() => program.run(x())).toThrow(/another shape/);
    T.unsafe.call("aten::t_", "", held);
    held.dispose();
    expect(program.run(x())[0].flatten().toNumbers()).toEqual([2, -1, 4]);
  });
});
