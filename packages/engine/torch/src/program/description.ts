import type { DType } from "../binding/dtype.js";
import { type External, type Native, native, withTorchErrors } from "../binding/native.js";
import { Tensor } from "../tensor/tensor.js";
import type { Program } from "./record.js";

/** A tensor of a recorded program. */
export interface ProgramSlot {
  /** Type of the elements. */
  dtype: DType;
  /** As recorded. */
  shape: number[];
  /** Slots of one number share storage. */
  memory: number;
  /** The tensor that the program holds, or null. */
  held: Tensor | null;
  /** Whether it takes the dtype of its operand. */
  isNumber: boolean;
}

type ProgramConstant = number | bigint | boolean | string | null;

/**
 * An argument: a tensor (`slot`), a list of tensors (`slots`, −1: none), or a `value`. Dtypes are
 * PyTorch's numbers.
 */
export type ProgramArgument =
  | { slot: number }
  | { slots: number[] }
  | { value: ProgramConstant | ProgramConstant[] };

/** One operation. */
export interface ProgramStep {
  /** PyTorch's name, such as aten::add.Tensor. */
  name: string;
  /** Arguments by PyTorch's names. */
  args: Record<string, ProgramArgument>;
  /** The slots of each result, several of a list; −1: none. */
  results: number[][];
}

/** The tensors and steps of a recorded program. */
export interface ProgramDescription {
  /** Slots of the results. */
  outputs: number[];
  /** All tensors of the program. */
  slots: ProgramSlot[];
  /** Operations in order. */
  steps: ProgramStep[];
}

interface Describing extends Native {
  describe(program: External): Omit<ProgramDescription, "slots"> & {
    slots: (Omit<ProgramSlot, "held"> & { held: External | null })[];
  };
}

/** The operations of a program; the tensors that it holds are the caller's to dispose. */
export function describeProgram(program: Program): ProgramDescription {
  const description = withTorchErrors(
    () => (native as Describing).describe(program.pointer),
    "describe",
  );
  const slots = description.slots.map((slot) => ({
    ...slot,
    held: slot.held && new Tensor(slot.held),
  }));
  return { ...description, slots };
}
