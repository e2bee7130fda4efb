// A runtime for MLPs instead of ONNX Runtime: some kilobytes instead of megabytes.
import { WebBridgeError } from "../bridge/bridge.js";
import type { Runtime, RuntimeTensor } from "../export/runtime.js";
import { type Graph, readGraph, type Value } from "./graph.js";

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
  names: readonly string[],
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
  return Object.fromEntries(names.map((name) => [name, tensor(name)]));
}

const missing = ({ nodes }: Graph) => nodes.find(({ op }) => !Object.hasOwn(operations, op));

/** Whether the plain runtime has all operations of a model. */
export const isPlain = (model: Uint8Array): boolean => missing(readGraph(model)) === undefined;

/**
 * For `loadBridge`, as `runtime`.
 * @throws {WebBridgeError} for other operations.
 */
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

type Attributes = Record<string, number[] | undefined>;
type PlainOperation = (inputs: readonly Value[], attributes: Attributes) => Value;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Repeats dimensions of 1 to another shape. */
function expand(x: Value, shape: readonly number[]): Value {
  if (x.data.length === sizeOf(shape)) return { ...x, shape };
  let data = x.data;
  let inner = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    const size = shape[d];
    const length = x.shape[d - shape.length + x.shape.length] ?? 1;
    if (length !== size) {
      if (length !== 1) throw new Error(`[${x.shape}] is not [${shape}]`);
      const next = new Float64Array(data.length * size);
      for (let at = 0; at < data.length; at += inner)
        for (let k = 0; k < size; k++)
          next.set(data.subarray(at, at + inner), at * size + k * inner);
      data = next;
    }
    inner *= size;
  }
  return { data, shape };
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], d: number) => shape[d - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, d) => (at(a, d) === 1 ? at(b, d) : at(a, d)));
}

const unary =
  (fn: (x: number) => number): PlainOperation =>
  ([x]) => ({ ...x, data: x.data.map(fn) });

const binary =
  (fn: (a: number, b: number) => number): PlainOperation =>
  ([a, b]) => {
    const shape = broadcast(a.shape, b.shape);
    const x = expand(a, shape).data;
    const y = expand(b, shape).data;
    return { shape, data: x.map((v, i) => fn(v, y[i])) };
  };

/** x [n, k] by w [m, k] or [k, m], and a bias. A number of x is read once for four columns. */
const linear: PlainOperation = (inputs, { transB: [turned = 0] = [], alpha, beta }) => {
  const [x, w, bias] = inputs as [Value, Value, Value | undefined];
  const [n, k] = x.shape;
  const m = w.shape[1 - turned];
  const isScaled = (alpha?.[0] ?? 1) !== 1 || (beta?.[0] ?? 1) !== 1;
  if (isScaled || w.data.length !== k * m || x.shape.length !== 2)
    throw new Error(`a linear layer of [${x.shape}] and [${w.shape}]`);
  const out = bias ? expand(bias, [n, m]).data.slice() : new Float64Array(n * m);
  const [along, across] = turned ? [1, k] : [m, 1];
  const xs = x.data;
  const ws = w.data;
  const from = (column: number) => Math.min(column, m - 1) * across;
  for (let j = 0; j < m; j += 4) {
    const p = from(j);
    const q = from(j + 1);
    const r = from(j + 2);
    const s = from(j + 3);
    for (let i = 0; i < n; i++) {
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let l = 0, at = 0; l < k; l++, at += along) {
        const v = xs[i * k + l];
        a += v * ws[p + at];
        b += v * ws[q + at];
        c += v * ws[r + at];
        d += v * ws[s + at];
      }
      for (const [o, sum] of [a, b, c, d].slice(0, m - j).entries()) out[i * m + j + o] += sum;
    }
  }
  return { shape: [n, m], data: out };
};

const identity: PlainOperation = ([x]) => x;

const operations: Readonly<Record<string, PlainOperation>> = {
  Cos: unary(Math.cos),
  Sin: unary(Math.sin),
  Exp: unary(Math.exp),
  Sqrt: unary(Math.sqrt),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Neg: unary((x) => -x),
  Reciprocal: unary((x) => 1 / x),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Max: binary(Math.max),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Min: binary(Math.min),
  Equal: binary((a, b) => Number(a === b)),
  Gemm: linear,
  Identity: identity,
  Cast: identity,
  Expand: ([x, to]) => expand(x, broadcast(x.shape, [...to.data])),
  Reshape([{ data }, to]) {
    const sizes = [...to.data];
    const rest = data.length / sizeOf(sizes.filter((size) => size > 0));
    return { data, shape: sizes.map((size) => (size < 0 ? rest : size)) };
  },
  Shape: ([x], { start, end }) => {
    const data = Float64Array.from(x.shape.slice(start?.[0], end?.[0]));
    return { data, shape: [data.length] };
  },
  /** Entries at integers [n], or at one integer, along an axis. */
  Gather([{ data, shape }, indices], { axis: [axis = 0] = [] }) {
    const k = axis < 0 ? axis + shape.length : axis;
    const size = shape[k];
    const inner = sizeOf(shape.slice(k + 1));
    const outer = sizeOf(shape.slice(0, k));
    const out = new Float64Array(outer * indices.data.length * inner);
    let place = 0;
    for (let i = 0; i < outer; i++)
      for (const index of indices.data) {
        const from = (i * size + (index < 0 ? index + size : index)) * inner;
        out.set(data.subarray(from, from + inner), place);
        place += inner;
      }
    return { data: out, shape: [...shape.slice(0, k), ...indices.shape, ...shape.slice(k + 1)] };
  },
  /** A part of one axis, in steps of 1. */
  Slice([{ data, shape }, start, stop, axes]) {
    const [axis = 0] = axes.data;
    const k = axis < 0 ? axis + shape.length : axis;
    const size = shape[k];
    const bound = ({ data: [at = 0] }: Value) => Math.min(size, at < 0 ? at + size : at);
    const indices = Float64Array.from(
      { length: bound(stop) - bound(start) },
      (_, i) => bound(start) + i,
    );
    const at = { data: indices, shape: [indices.length] };
    return operations.Gather([{ data, shape }, at], { axis: [k] });
  },
  Concat(inputs, { axis: [axis = 0] = [] }) {
    const { shape } = inputs[0];
    const k = axis < 0 ? axis + shape.length : axis;
    const outer = sizeOf(shape.slice(0, k));
    const out = new Float64Array(inputs.reduce((sum, { data }) => sum + data.length, 0));
    let at = 0;
    for (let i = 0; i < outer; i++)
      for (const { data } of inputs) {
        const width = data.length / outer;
        out.set(data.subarray(i * width, (i + 1) * width), at);
        at += width;
      }
    const size = inputs.reduce((sum, input) => sum + input.shape[k], 0);
    return { data: out, shape: shape.map((length, d) => (d === k ? size : length)) };
  },
};
