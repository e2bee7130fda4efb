import { ConfigError } from "@dsbm/config";
import type { Tensor } from "@dsbm/torch";
import { GraphBuilder, isFree } from "./onnx/builder.js";
import { type Graph, type OnnxType, onnxTypes, type Port } from "./onnx/model.js";
import { type Converter, Operation } from "./operation.js";
import { converters } from "./operations/index.js";
import { undoing } from "./operations/views.js";
import type { Trace, TraceSlot, TraceStep } from "./trace.js";
import { Values } from "./values.js";

export interface ConvertOptions {
  inputs: readonly string[];
  outputs: readonly string[];
}

export function convert(trace: Trace, { inputs, outputs }: ConvertOptions): Graph {
  const graph = new GraphBuilder(inputs[0] as string);
  const values = new Values(trace);
  const slotOf = (slot: number) => trace.slots[slot] as TraceSlot;
  inputs.forEach((name, slot) => {
    values.set(slot, name);
  });
  const read = (slot: number): string => {
    const known = values.read(slot);
    if (known !== undefined) return known;
    const { held } = slotOf(slot);
    if (!held) throw new ConfigError("a second result of an operation cannot be exported");
    const name = constantOf(graph, held);
    values.set(slot, name);
    return name;
  };
  for (const step of trace.steps) {
    const op = new Operation(step, { graph, trace, read });
    const converter = converterOf(step.name);
    if (!converter) throw op.refused("ONNX has no counterpart of this operation");
    const apply = () => [converter(op)].flat();
    const made = apply();
    step.results.flat().forEach((slot, i) => {
      const name = made[i];
      if (slot < 0 || name === undefined || name === null) return;
      if (values.has(slot)) {
        const held = trace.slots.some(
          (other) => other.held && other.memory === slotOf(slot).memory,
        );
        const refused = () => op.refused("it writes into a tensor that others share");
        if (held) throw refused();
        values.write(slot, name, refused);
        return;
      }
      const parent = parentOf(step, slot, slotOf);
      const undo = parent === null ? null : undoing(op);
      values.set(
        slot,
        name,
        parent === null ? undefined : { parent, undo, apply: () => apply()[i] as string },
      );
    });
  }
  const port = (slot: number, name: string): Port => {
    const { dtype, shape } = slotOf(slot);
    const sizes = shape.map((size) =>
      isFree(size) ? (size.rows === 1 ? "N" : `${size.rows}N`) : size,
    );
    return { name, type: dtype as OnnxType, shape: sizes };
  };
  return graph.build(
    "drift",
    inputs.map((name, slot) => port(slot, name)),
    trace.outputs.map((slot, i) => ({ ...port(slot, outputs[i] as string), value: read(slot) })),
  );
}

function parentOf(
  { args }: TraceStep,
  slot: number,
  slotOf: (slot: number) => TraceSlot,
): number | null {
  const { memory } = slotOf(slot);
  const slots = Object.values(args).flatMap((arg) => ("slot" in arg ? [arg.slot] : []));
  return slots.find((other) => slotOf(other).memory === memory) ?? null;
}

function converterOf(name: string): Converter | undefined {
  const [plain = ""] = name.replace(/^(aten|dsbm)::/, "").split(".");
  const key = plain.replace(/([^_])_$/, "$1");
  return Object.hasOwn(converters, key) ? converters[key] : undefined;
}

function constantOf(graph: GraphBuilder, tensor: Tensor): string {
  const { dtype, shape } = tensor;
  if (!(dtype in onnxTypes))
    throw new ConfigError(`a tensor of ${dtype} cannot be exported to ONNX: expected float32`);
  const { buffer, byteOffset, byteLength } = tensor.rawArray();
  return graph.constant(
    dtype as OnnxType,
    shape,
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  );
}
