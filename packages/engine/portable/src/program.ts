// A recorded program: the flat list of operations that one run of a function made, with tensors as numbered slots.
import type { ElementName } from "./dtype.js";
import { fail } from "./errors.js";
import type { TableOperation } from "./operation.js";
import type { Plan } from "./plan/plan.js";
import { isSameShape } from "./shape.js";
import type { TensorImpl } from "./tensor.js";

/** An argument of a step: a constant, a slot, or several (−1: no tensor). */
export type Operand =
  | { kind: "constant"; value: unknown }
  | { kind: "generator"; value: unknown }
  | { kind: "slot"; slot: number }
  | { kind: "list"; slots: number[] };

/** One operation. */
export interface ProgramOperation {
  op: TableOperation;
  operands: Operand[];
  /** Per result, its slots: several of a list. */
  results: number[][];
  isList: boolean[];
  /** It writes into a tensor or draws random numbers. */
  isKept: boolean;
  /** Slots without a later reader. */
  frees: number[];
}

/** Shape, strides and type of a tensor as it was recorded. */
export interface Layout {
  shape: readonly number[];
  strides: readonly number[];
  dtype: ElementName;
}

/** A tensor of the program. */
export interface TensorSlot extends Layout {
  /** Its first element in its memory, and the number of all elements of the memory. */
  offset: number;
  length: number;
  /** Number of its memory, which views share. */
  memory: number;
  /** The tensor that the program holds by reference. */
  held: TensorImpl | null;
}

/** A gradient that a run sets. */
export interface GradientOfLeaf {
  leaf: number;
  /** −1: it is cleared. */
  after: number;
  /** The leaf had no gradient when the program was recorded: a later run adds to one. */
  isAdded: boolean;
}

/** A program for inputs of fixed shapes. */
export class ProgramImpl {
  /** In order. */
  steps: ProgramOperation[] = [];
  /** All tensors, inputs first. */
  slots: TensorSlot[] = [];
  /** Layouts of the inputs. */
  inputs: Layout[] = [];
  /** Slots of the results. */
  outputs: number[] = [];
  /** Gradients that a run sets. */
  gradients: GradientOfLeaf[] = [];
  /** A leaf, and the held gradient that the steps add to. */
  expected: [leaf: number, gradient: number][] = [];
  /** It writes into tensors that it holds. */
  writesHeld = false;
  /** Its addresses and kernels, made when it is first run. */
  plan: Plan | null = null;
}

/** Shape, strides and type now. */
export const layoutOf = ({ shape, strides, dtype }: TensorImpl): Layout => ({
  shape: [...shape],
  strides: [...strides],
  dtype,
});

/** Whether a tensor has the shape and type. */
export const fits = (t: TensorImpl, want: Layout): boolean =>
  t.dtype === want.dtype && isSameShape(t.shape, want.shape);

/** A layout as text. */
export const layoutText = ({ dtype, shape }: Layout): string =>
  `${dtype}[${shape.join(", ")}] on cpu`;

/** @throws {TorchError} `ERR_TORCH_RECORDING` */
export const refuse = (what: string): never => fail("ERR_TORCH_RECORDING", what);

/** All slots of an operand. */
export function slotsOf(operand: Operand): number[] {
  if (operand.kind === "slot") return [operand.slot];
  return operand.kind === "list" ? operand.slots.filter((slot) => slot >= 0) : [];
}

/** Numbers of the memory that steps write to. */
export function writtenBy({ steps, slots }: ProgramImpl): Set<number> {
  const memory = new Set<number>();
  for (const { op, operands } of steps)
    for (const i of op.written)
      for (const slot of slotsOf(operands[i])) memory.add(slots[slot].memory);
  return memory;
}
