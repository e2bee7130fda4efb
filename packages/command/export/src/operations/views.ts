import { isFree, type Size } from "../onnx/builder.js";
import type { Converter, Operation } from "../operation.js";

const end = 2 ** 53 - 1;

const reshape: Converter = (op) => op.graph.reshape(op.value("self"), op.resultShape());

const permute: Converter = (op) =>
  op.graph.node("Transpose", [op.value("self")], { perm: order(op) });

function order(op: Operation): number[] {
  const n = op.shape("self").length;
  if (op.has("dims")) return op.numbers("dims").map((dim) => (dim < 0 ? dim + n : dim));
  const dims = Array.from({ length: n }, (_, i) => i);
  const [a, b] = op.has("dim0") ? [op.dim("dim0", n), op.dim("dim1", n)] : [0, n - 1];
  [dims[a], dims[b]] = [b, a];
  return dims;
}

interface ViewStep {
  dim: number;
  start: Size;
  stop: Size;
  step?: number;
}

function slicePart(
  { graph }: Operation,
  value: string,
  { dim, start, stop, step = 1 }: ViewStep,
): string {
  const bounds = [start, stop, dim, step].map((bound) => graph.sizes([bound]));
  return graph.node("Slice", [value, ...bounds]);
}

function sliceOf(op: Operation): ViewStep & { step: number } {
  const shape = op.shape("self");
  const dim = op.axis(0);
  const size = shape[dim];
  const bound = (name: string, fallback: number): Size => {
    const index = op.plain<Size>(name, fallback);
    if (isFree(index) || index >= 0) return index;
    if (isFree(size)) throw op.refused(`${name} is ${index} of a number of rows`);
    return Math.max(0, index + size);
  };
  return { dim, start: bound("start", 0), stop: bound("end", end), step: op.number("step", 1) };
}

/** Converters of operations that move numbers without a change. */
export const views: Readonly<Record<string, Converter>> = {
  view: reshape,
  _unsafe_view: reshape,
  _reshape_alias: reshape,
  reshape,
  unsqueeze: reshape,
  squeeze: reshape,
  t: permute,
  transpose: permute,
  permute,
  expand: (op) => op.graph.node("Expand", [op.value("self"), op.graph.sizes(expandedSizes(op))]),
  slice: (op) => slicePart(op, op.value("self"), sliceOf(op)),
  select(op) {
    const index = op.graph.numbers("int64", op.number("index"));
    return op.graph.node("Gather", [op.value("self"), index], { axis: op.axis() });
  },
  unbind(op) {
    const axis = op.axis(0);
    const self = op.value("self");
    return (op.step.results[0] ?? []).map((_, i) =>
      op.graph.node("Gather", [self, op.graph.numbers("int64", i)], { axis }),
    );
  },
  flip(op) {
    const n = op.shape("self").length;
    return op
      .numbers("dims")
      .reduce(
        (value, dim) =>
          slicePart(op, value, { dim: dim < 0 ? dim + n : dim, start: -1, stop: -end, step: -1 }),
        op.value("self"),
      );
  },
};

function expandedSizes(op: Operation): Size[] {
  const from = op.shape("self");
  const to = op.resultShape();
  const skip = to.length - from.length;
  return to.map((size, i) => (isFree(size) && isFree(from[i - skip] ?? 1) ? 1 : size));
}
