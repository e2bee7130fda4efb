// Replaying: the steps of a program one after the other, without a graph; or over many chunks of rows.
import { fail } from "./errors.js";
import { convert } from "./kernel/map.js";
import { Mersenne } from "./kernel/mersenne.js";
import { streams } from "./operation/random.js";
import { run } from "./operation.js";
import { withinOperation } from "./perform.js";
import { programMemory } from "./plan/memory.js";
import { planProgram } from "./plan/plan.js";
import { fits, layoutOf, layoutText, type ProgramImpl } from "./program.js";
import { isSameShape } from "./shape.js";
import { withoutGraph } from "./tape.js";
import { allocate, type TensorImpl } from "./tensor.js";

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

/**
 * The inputs as the program was recorded for them.
 * @throws {TorchError} `ERR_TORCH_VALUE`
 */
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

function setGradients(
  { gradients, slots }: ProgramImpl,
  value: (slot: number) => TensorImpl,
): void {
  for (const { leaf, after, isAdded } of gradients) {
    const t = slots[leaf].held!;
    const g = after < 0 ? null : value(after);
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

/** A copy outside of the arena. */
function copyOf(t: TensorImpl): TensorImpl {
  const copy = allocate(t.shape, t.dtype);
  convert(copy, t);
  return copy;
}

/**
 * Runs the program once.
 * @throws {TorchError} `ERR_TORCH_VALUE` for inputs of another kind.
 */
export function replay(program: ProgramImpl, inputs: readonly TensorImpl[]): TensorImpl[] {
  return withoutGraph(() => {
    checkHeld(program);
    const fitting = fitInputs(program, inputs);
    if (program.plan?.version !== programMemory.version) program.plan = planProgram(program);
    const { tensors, steps, writesInput } = program.plan;
    return withinOperation(() => {
      for (const [i, t] of fitting.entries()) convert(tensors[i], t);
      for (const step of steps) step();
      for (const [i, t] of fitting.entries())
        if (writesInput[i]) {
          convert(t, tensors[i]);
          t.storage.version++;
        }
      const value = (slot: number) =>
        program.slots[slot].held ?? fitting[slot] ?? copyOf(tensors[slot]);
      setGradients(program, value);
      return program.outputs.map(value);
    });
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

/**
 * Runs all chunks; the outputs are full afterwards.
 * @throws what a chunk threw.
 */
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
