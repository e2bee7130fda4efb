// Traces a function of tensors to operations that hold for any number of rows.

import { ConfigError } from "@dsbm/config";
import {
  describeProgram,
  noGrad,
  Program,
  type ProgramDescription,
  type ProgramSlot,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import type { Size } from "./onnx/builder.js";

/** An argument other than a tensor. */
export type TracedValue = Size | bigint | boolean | string | null | readonly TracedValue[];

type Argument = { slot: number } | { slots: number[] } | { value: TracedValue };

/** A tensor of a trace, whose sizes may depend on the number of rows. */
export interface TraceSlot extends Omit<ProgramSlot, "shape"> {
  shape: Size[];
}

/** A recorded call: its arguments and the slots of its results. */
export interface TraceStep {
  name: string;
  args: Record<string, Argument>;
  results: number[][];
}

/** A recorded program for any number of rows. */
export interface Trace {
  outputs: number[];
  slots: TraceSlot[];
  steps: TraceStep[];
}

const rows = [3, 5] as const;

/**
 * Records `fn` for two numbers of rows, `inputs(n)`. Its tensors belong to the open scope.
 * @throws {ConfigError} if values depend on the number of rows in another way than shapes [32N].
 */
export function trace(
  fn: (...inputs: Tensor[]) => Tensor[],
  inputs: (n: number) => Tensor[],
): Trace {
  const [a, b] = rows.map((n) =>
    describeProgram(tidy(() => noGrad(() => Program.record(fn, inputs(n)).program))),
  );
  const names = (program: ProgramDescription) => program.steps.map(({ name }) => name);
  const odd = names(a).findIndex((name, i) => name !== names(b)[i]);
  if (odd >= 0 || a.steps.length !== b.steps.length || a.slots.length !== b.slots.length)
    throw dependentError(a.steps[Math.max(odd, 0)]?.name ?? "the network");
  const makers = new Map(
    a.steps.flatMap(({ name, results }) => results.flat().map((slot) => [slot, name])),
  );
  return {
    outputs: a.outputs,
    slots: a.slots.map((slot, i) => {
      const other = b.slots[i];
      const what = makers.get(i) ?? "a tensor";
      return { ...slot, shape: mergeValues(slot.shape, other.shape, what) as Size[] };
    }),
    steps: a.steps.map((step, i) => {
      const other = b.steps[i]?.args ?? {};
      const args = Object.entries(step.args).map(([name, arg]) => {
        if (!("value" in arg)) return [name, arg] as const;
        const { value } = other[name] as { value: TracedValue };
        return [name, { value: mergeValues(arg.value, value, step.name) }] as const;
      });
      return { ...step, args: Object.fromEntries(args) };
    }),
  };
}

function mergeValues(a: TracedValue, b: TracedValue, what: string): TracedValue {
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.map((value, i) => mergeValues(value, b[i], what));
  if (a === b) return a;
  if (typeof a !== "number" || typeof b !== "number") throw dependentError(what);
  const factor = (b - a) / (rows[1] - rows[0]);
  if (!Number.isInteger(factor) || factor * rows[0] !== a) throw dependentError(what);
  return { rows: factor };
}

const dependentError = (what: string) =>
  new ConfigError(
    `${what} cannot be exported: it depends on the number of rows, not only in proportion`,
  );
