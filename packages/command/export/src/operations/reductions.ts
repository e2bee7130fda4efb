import { isFree, type Size } from "../onnx/builder.js";
import type { Converter, Operation } from "../operation.js";

function axes(op: Operation): number[] {
  const n = op.shape("self").length;
  const dims = op.has("dim") ? [op.plain<number | readonly number[]>("dim")].flat() : [];
  if (dims.length === 0) return Array.from({ length: n }, (_, i) => i);
  return dims.map((dim) => (dim < 0 ? dim + n : dim));
}

const keepdims = (op: Operation) => Number(op.plain<boolean>("keepdim", false));

const reduce =
  (name: string): Converter =>
  (op) =>
    op.graph.node(name, [op.value("self", op.type)], { axes: axes(op), keepdims: keepdims(op) });

const sum: Converter = (op) =>
  op.graph.node("ReduceSum", [op.value("self", op.type), op.graph.ints(axes(op))], {
    keepdims: keepdims(op),
  });

function ratio(op: Operation, a: Size, b: Size): number {
  const [x, y] = [a, b].map((size) => (isFree(size) ? size.rows : size));
  if (isFree(a) !== isFree(b) || x % y !== 0)
    throw op.refused("its groups are no part of its channels");
  return x / y;
}

function groupChannels(op: Operation, size: number): string {
  const { graph, type } = op;
  const shape = op.resultShape();
  const groups = graph.node("Reshape", [op.value("input"), graph.ints([-1, 1, size])]);
  const [one, zero] = [1, 0].map((value) => graph.numbers(type, [value]));
  const eps = { epsilon: { float: op.number("eps") } };
  const normal = graph.node("InstanceNormalization", [groups, one, zero], eps);
  let value = graph.reshape(normal, shape);
  const perChannel = [1, -1, ...shape.slice(2).map(() => 1)];
  for (const [name, node] of [
    ["weight", "Mul"],
    ["bias", "Add"],
  ] as const) {
    if (!op.has(name)) continue;
    const vector = graph.node("Reshape", [op.value(name), graph.ints(perChannel)]);
    value = graph.node(node, [value, vector]);
  }
  return value;
}

const groupNorm: Converter = (op) => {
  const size = op.number("HxW") * ratio(op, op.plain<Size>("C"), op.plain<Size>("group"));
  return [groupChannels(op, size)];
};

const groupNormSilu: Converter = (op) => {
  const { graph, type } = op;
  const [c, height, width] = op.fixed("input", 1);
  let value = groupChannels(op, (c * height * width) / op.number("groups"));
  if (op.has("film")) {
    const film = op.value("film");
    const [scale, shift] = [0, c].map((start) => {
      const bounds = [start, start + c, 1, 1].map((bound) => graph.ints([bound]));
      return graph.node("Unsqueeze", [graph.node("Slice", [film, ...bounds]), graph.ints([2, 3])]);
    });
    const factor = graph.node("Add", [scale, graph.numbers(type, 1)]);
    value = graph.node("Add", [graph.node("Mul", [value, factor]), shift]);
  }
  if (!op.plain<boolean>("silu")) return [value, null];
  return [graph.node("Mul", [value, graph.node("Sigmoid", [value])]), null];
};

const softmax: Converter = (op) =>
  op.graph.node("Softmax", [op.value("self", op.type)], { axis: op.axis() });

const averagePool: Converter = (op) => {
  if (op.has("divisor_override")) throw op.refused("it has a divisor of its own");
  const kernel_shape = op.numbers("kernel_size");
  const stride = op.numbers("stride", []);
  const padding = op.numbers("padding", [0, 0]);
  return op.graph.node("AveragePool", [op.value("self")], {
    kernel_shape,
    strides: stride.length > 0 ? stride : kernel_shape,
    pads: [...padding, ...padding],
    ceil_mode: Number(op.plain<boolean>("ceil_mode", false)),
    count_include_pad: Number(op.plain<boolean>("count_include_pad", true)),
  });
};

const nearestUpsample: Converter = (op) => {
  const before = op.fixed("self", 2);
  const after = op.numbers("output_size");
  const scales = [1, 1, ...after.map((size, i) => size / before[i])];
  return op.graph.node("Resize", [op.value("self"), "", op.graph.numbers("float32", scales)], {
    mode: "nearest",
    nearest_mode: "floor",
    coordinate_transformation_mode: "asymmetric",
  });
};

const join: Converter = (op) =>
  op.graph.node("Concat", op.values("tensors", op.type), {
    axis: op.dim("dim", op.resultShape().length, 0),
  });

/** Converters of means, norms, pooling and upsampling. */
export const reductions: Readonly<Record<string, Converter>> = {
  mean: reduce("ReduceMean"),
  amax: reduce("ReduceMax"),
  sum,
  logsumexp: reduce("ReduceLogSumExp"),
  cat: join,
  native_group_norm: groupNorm,
  group_norm_silu: groupNormSilu,
  _softmax: softmax,
  avg_pool2d: averagePool,
  upsample_nearest2d: nearestUpsample,
};
