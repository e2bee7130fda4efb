// Work that a recording does once instead of at each replay: its results equal the function's.
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { tidy } from "../src/binding/handle.js";
import { Program } from "../src/program/record.js";
import { arange, full, tensor, zeros } from "../src/tensor/create.js";
import { noGrad } from "../src/tensor/grad.js";
import type { Tensor } from "../src/tensor/tensor.js";

/** What replays give for these inputs, one after the other. */
function replays(fn: (x: Tensor) => Tensor | Tensor[], inputs: number[][]) {
  return tidy(() => {
    const { program } = Program.record(fn, [tensor(inputs[0])]);
    return inputs.map((x) => program.run(tensor(x)).map((t) => t.toNumbers()));
  });
}

describe("a recording", () => {
  it("keeps constants, and the numbers in operations with tensors", () => {
    const fn = (x: Tensor) => {
      const ramp = arange(0, 3)
        .mul(2)
        .add(full([3], 1));
      return [x.mul(ramp), x.rsub(5), x.sub(2).div(4), x.add(1, { alpha: 3 })];
    };
    const want = (x: number[]) => [
      x.map((v, i) => v * (2 * i + 1)),
      x.map((v) => 5 - v),
      x.map((v) => (v - 2) / 4),
      x.map((v) => v + 3),
    ];
    const inputs = [
      [1, 2, 4],
      [-8, 0.5, 16],
    ];
    expect(replays(fn, inputs)).toEqual(inputs.map(want));
  });

  it("recomputes tensors that the function writes to", () => {
    const sum = (x: Tensor) =>
      zeros([2])
        .add_(x)
        .add_(full([2], 1));
    const inputs = [
      [1, 2],
      [1, 2],
      [5, 6],
    ];
    expect(replays(sum, inputs).map(([t]) => t)).toEqual([
      [2, 3],
      [2, 3],
      [6, 7],
    ]);
    const views = (x: Tensor) => {
      const board = zeros([2, 2]);
      board.select(0, 1).add_(x);
      return board.sum();
    };
    expect(replays(views, inputs).map(([t]) => t)).toEqual([[3], [3], [11]]);
  });

  it("sees later values of held tensors, through views too", () => {
    const weight = tensor([
      [1, 2],
      [3, 4],
    ]);
    // The view of the view is the last to use the first one.
    const fn = (x: Tensor) => [x.mm(weight.t()), x.mul(weight.t().t().select(0, 1))];
    const { program } = Program.record(fn, [tensor([[1, 10]])]);
    noGrad(() => weight.mul_(2));
    for (let i = 0; i < 2; i++)
      expect(program.run(tensor([[1, 10]])).map((t) => t.toNumbers())).toEqual([
        [42, 86],
        [6, 80],
      ]);
  });
});
