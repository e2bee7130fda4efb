// A recorded program laid open, for converters to other forms, such as ONNX.
import { elementNamed, elementType } from "./dtype.js";
import { box } from "./handles.js";
import type { External } from "./native.js";
import type { Operand, ProgramImpl } from "./program.js";

/** Dtypes are PyTorch's numbers; generators are nothing. */
function operandOf(operand: Operand, type: string) {
  if (operand.kind === "slot") return { slot: operand.slot };
  if (operand.kind === "list") return { slots: operand.slots };
  const { value } = operand;
  if (operand.kind === "generator" || value === null) return { value: null };
  if (type === "ScalarType")
    return { value: elementType(elementNamed(value as string, "describe")).code };
  return { value };
}

/** Outputs, slots and steps by PyTorch's names. */
export function describeProgram({ outputs, slots, steps }: ProgramImpl): {
  outputs: number[];
  slots: {
    dtype: string;
    shape: number[];
    memory: number;
    held: External | null;
    isNumber: boolean;
  }[];
  steps: { name: string; args: Record<string, unknown>; results: number[][] }[];
} {
  return {
    outputs,
    slots: slots.map(({ dtype, shape, memory, held }) => ({
      dtype,
      shape: [...shape],
      memory,
      held: held && box(held),
      isNumber: false,
    })),
    steps: steps.map(({ op, operands, results }) => ({
      name: op.full,
      args: Object.fromEntries(
        operands.map((operand, i) => [op.args[i].name, operandOf(operand, op.args[i].type)]),
      ),
      results,
    })),
  };
}
