// A runtime for MLPs instead of ONNX Runtime: some kilobytes instead of megabytes.
import { WebBridgeError } from "../bridge/bridge.js";
import type { Runtime, RuntimeTensor } from "../export/runtime.js";
import { type Graph, readGraph, type Value } from "./graph.js";
import { operations } from "./operations.js";

class PlainTensor implements RuntimeTensor {
  constructor(
    readonly type: string,
    readonly data: ArrayLike<number> | ArrayLike<bigint>,
    readonly dims: readonly number[],
  ) {}
  getData = async () => this.data;
  dispose(): void {}
}

type Tensors = Record<string, PlainTensor>;

function run(
  { nodes, constants, inputs }: Graph,
  feeds: Tensors,
  wanted: readonly string[],
): Tensors {
  const values = new Map(constants);
  for (const name of inputs) {
    const { data = [], dims = [] } = feeds[name] ?? {};
    values.set(name, { data: Float64Array.from(data as number[], Number), shape: dims });
  }
  const value = (name: string): Value => {
    const value = values.get(name);
    if (!value) throw new WebBridgeError(`the model is damaged: nothing gives ${name}`);
    return value;
  };
  for (const { op, inputs: names, outputs, attributes } of nodes)
    values.set(outputs[0], operations[op](names.map(value), attributes));
  const tensor = (name: string) =>
    new PlainTensor("float32", Float32Array.from(value(name).data), value(name).shape);
  return Object.fromEntries(wanted.map((name) => [name, tensor(name)]));
}

const missing = ({ nodes }: Graph) => nodes.find(({ op }) => !Object.hasOwn(operations, op));

export const isPlain = (model: Uint8Array): boolean => missing(readGraph(model)) === undefined;

/** For `loadBridge`, as `runtime`. Throws a WebBridgeError for other operations. */
export const plainRuntime: Runtime = {
  InferenceSession: {
    async create(model: Uint8Array) {
      const graph = readGraph(model);
      const { op } = missing(graph) ?? {};
      if (op) throw new WebBridgeError(`the plain runtime has no ${op}: use onnxruntime-web`);
      return {
        run: async (feeds, names) => run(graph, feeds as Tensors, names),
        release: async () => {},
      };
    },
  },
  Tensor: PlainTensor,
};
