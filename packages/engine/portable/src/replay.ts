// Replaying: the steps of a program one after the other, without a graph; or over many chunks of rows.
import { fail } from "./errors.js";
import { Mersenne } from "./kernel/mersenne.js";
import { streams } from "./operation/random.js";
import { type Result, run } from "./operation.js";
import { withinOperation } from "./perform.js";
import {
  fits,
  layoutOf,
  layoutText,
  type Operand,
  type ProgramImpl,
  type ProgramOperation,
} from "./program.js";
import { isSameShape } from "./shape.js";
import { withoutGraph } from "./tape.js";
import { TensorImpl } from "./tensor.js";

type SlotValues = (TensorImpl | null)[];

function argumentOf(operand: Operand, slots: SlotValues): unknown {
  if (operand.kind === "slot") return slots[operand.slot];
  if (operand.kind === "list") return operand.slots.map((slot) => (slot < 0 ? null : slots[slot]));
  return operand.value;
}

function storeResults(
  { results, isList }: ProgramOperation,
  result: Result,
  slots: SlotValues,
): void {
  const list = Array.isArray(result) ? result : [result];
  results.forEach((to, i) => {
    if (isList[i])
      to.forEach((slot, k) => {
        if (slot >= 0) slots[slot] = list[k] as TensorImpl;
      });
    else if (to[0] >= 0) slots[to[0]] = list[i] as TensorImpl;
  });
}

function runSteps({ steps }: ProgramImpl, slots: SlotValues): void {
  for (const step of steps) {
    const { op, operands } = step;
    const result = op.forward(...operands.map((operand) => argumentOf(operand, slots)));
    for (const i of op.written)
      for (const t of [argumentOf(operands[i], slots)].flat())
        if (t instanceof TensorImpl) t.storage.version++;
    storeResults(step, result, slots);
    for (const slot of step.frees) slots[slot] = null;
  }
}

function checkHeld({ slots, expected }: ProgramImpl): void {
  for (const { held, shape, strides, dtype } of slots) {
    if (!held) continue;
    if (!fits(held, { shape, strides, dtype }) || !isSameShape(held.strides, strides))
      fail(
        "ERR_TORCH_VALUE",
        "replay: a tensor that the program holds has another shape, dtype, strides or memory than when it was recorded; record again",
      );
  }
  for (const [leaf, gradient] of expected)
    if (slots[leaf].held!.grad !== slots[gradient].held)
      fail(
        "ERR_TORCH_VALUE",
        "replay: a gradient that the program adds to was replaced or cleared since it was recorded; clear gradients inside the recorded function",
      );
}

/** The inputs as the program was recorded for them. Throws ERR_TORCH_VALUE. */
function fitInputs(program: ProgramImpl, inputs: readonly TensorImpl[]): TensorImpl[] {
  const expectation = program.inputs.length;
  if (inputs.length !== expectation)
    fail(
      "ERR_TORCH_VALUE",
      `replay: the program takes ${expectation} inputs, got ${inputs.length}`,
    );
  return inputs.map((t, i) => {
    const want = program.inputs[i];
    if (!fits(t, want))
      fail(
        "ERR_TORCH_VALUE",
        `replay: input ${i} is ${layoutText(layoutOf(t))}, but the program was recorded for ${layoutText(want)}`,
      );
    return isSameShape(t.strides, want.strides) ? t : run("contiguous", t);
  });
}

function setGradients({ gradients, slots: recorded }: ProgramImpl, slots: SlotValues): void {
  for (const { leaf, after, isAdded } of gradients) {
    const t = recorded[leaf].held!;
    const g = after < 0 ? null : slots[after]!;
    if (g && isAdded && t.grad) run("add_.Tensor", t.grad, g);
    else t.grad = g;
  }
}

/** Whether the program is for such inputs. */
export const isFor = (
  { inputs: expectation }: ProgramImpl,
  inputs: readonly TensorImpl[],
): boolean =>
  inputs.length === expectation.length && inputs.every((t, i) => fits(t, expectation[i]));

/** Runs the program once. Throws ERR_TORCH_VALUE for inputs of another kind. */
export function replay(program: ProgramImpl, inputs: readonly TensorImpl[]): TensorImpl[] {
  return withoutGraph(() => {
    checkHeld(program);
    const slots: SlotValues = program.slots.map(({ held }) => held);
    fitInputs(program, inputs).forEach((t, i) => {
      slots[i] = t;
    });
    withinOperation(() => runSteps(program, slots));
    setGradients(program, slots);
    return program.outputs.map((slot) => slots[slot]!);
  });
}

/** Chunks of rows that run one after the other, each with a generator of its own. */
export interface Chunks {
  programs: readonly ProgramImpl[];
  lengths: readonly number[];
  inputs: readonly TensorImpl[];
  /** Per input, the dimension that is cut, or −1. */
  inputDims: readonly number[];
  outputs: readonly TensorImpl[];
  outputDims: readonly number[];
  seed: number;
}

/** Runs all chunks; the outputs are full afterwards. Throws what a chunk threw. */
export function runChunks({
  programs,
  lengths,
  inputs,
  inputDims,
  outputs,
  outputDims,
  seed,
}: Chunks): void {
  let start = 0;
  lengths.forEach((length, i) => {
    const cut = (t: TensorImpl, dim: number) =>
      dim < 0 ? t : run("slice.Tensor", t, dim, start, start + length, 1);
    withoutGraph(() => {
      streams.override = new Mersenne(BigInt(seed + i));
      try {
        const results = replay(
          programs[i],
          inputs.map((t, k) => cut(t, inputDims[k])),
        );
        results.forEach((t, k) => {
          run("copy_", cut(outputs[k], outputDims[k]), t);
        });
      } finally {
        streams.override = null;
      }
    });
    start += length;
  });
}
