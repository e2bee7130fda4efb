import { ConfigError } from "@dsbm/config";
import type { Tensor } from "@dsbm/torch";
import { GraphBuilder, isFree } from "./onnx/builder.js";
import { type Graph, type OnnxType, onnxTypes, type Port } from "./onnx/model.js";
import { type Converter, Operation } from "./operation.js";
import { converters } from "./operations/index.js";
import type { Trace } from "./trace.js";

/** Names of the inputs and outputs of a graph. */
export interface ConvertOptions {
  inputs: readonly string[];
  outputs: readonly string[];
}

/**
 * The ONNX graph of a recorded program.
 * @throws {ConfigError} for an operation without a counterpart.
 */
export function convert(trace: Trace, { inputs, outputs }: ConvertOptions): Graph {
  const graph = new GraphBuilder(inputs[0]);
  /** The value of a tensor, and how often its memory had been written to. */
  const values = new Map<number, { name: string; writes: number }>();
  const writes = new Map<number, number>();
  const slotOf = (slot: number) => trace.slots[slot];
  const writesTo = (slot: number) => writes.get(slotOf(slot).memory) ?? 0;
  const set = (slot: number, name: string) => values.set(slot, { name, writes: writesTo(slot) });
  inputs.forEach((name, slot) => {
    set(slot, name);
  });
  const read = (slot: number): string => {
    const known = values.get(slot);
    if (known && known.writes < writesTo(slot))
      throw new ConfigError(
        "a tensor that is written to through another tensor cannot be exported to ONNX; choose another network or method",
      );
    if (known) return known.name;
    const { held } = slotOf(slot);
    if (!held) throw new ConfigError("a second result of an operation cannot be exported");
    const name = constantOf(graph, held);
    set(slot, name);
    return name;
  };
  for (const step of trace.steps) {
    const op = new Operation(step, { graph, trace, read });
    const converter = converterOf(step.name);
    if (!converter) throw op.refused("ONNX has no counterpart of this operation");
    const made = [converter(op)].flat();
    step.results.flat().forEach((slot, i) => {
      const name = made[i];
      if (slot < 0 || name === undefined || name === null) return;
      if (values.has(slot)) {
        const { memory } = slotOf(slot);
        if (trace.slots.some((other) => other.held && other.memory === memory))
          throw op.refused("it writes into a tensor that others share");
        writes.set(memory, writesTo(slot) + 1);
      }
      set(slot, name);
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
    trace.outputs.map((slot, i) => ({ ...port(slot, outputs[i]), value: read(slot) })),
  );
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
