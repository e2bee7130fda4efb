import { check } from "../errors.js";
import { forLanes } from "../kernel/lanes.js";
import { define, run, type Tracing } from "../operation.js";
import { wrapDim } from "../shape.js";
import { allocate, type Gradient, type TensorImpl, viewOf } from "../tensor.js";
import { copyOf, place, strideOf } from "./places.js";

function checkGather(t: TensorImpl, d: number, index: TensorImpl, name: string): void {
  check(index.dtype === "int64", () => `${name}(): Expected dtype int64 for index`);
  check(
    Math.max(index.ndim, 1) === Math.max(t.ndim, 1),
    () => "Index tensor must have the same number of dimensions as input tensor",
  );
  check(
    index.shape.every((size, i) => i === d || size <= t.shape[i]),
    () =>
      `Size does not match at dimension; expected index [${index.shape.join(", ")}] to be smaller than self [${t.shape.join(", ")}] apart from dimension ${d}`,
  );
}
/** A tensor read as one of another, not larger shape. */
const corner = (t: TensorImpl, shape: readonly number[]) => viewOf(t, shape, t.strides);

define(
  "aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor",
  (t: TensorImpl, dim: number, index: TensorImpl) => {
    const d = wrapDim(dim, t.ndim);
    checkGather(t, d, index, "gather");
    const out = allocate(index.shape, t.dtype);
    const n = index.shape[d] ?? 1;
    const size = t.shape[d] ?? 1;
    const to = strideOf(out, d);
    const from = strideOf(t, d);
    const by = strideOf(index, d);
    if (out.count > 0)
      forLanes([out, corner(t, index.shape), index], d, ([i, j, l]) => {
        for (let k = 0; k < n; k++) {
          const at = index.array[l + k * by];
          if (!(at >= 0 && at < size)) place(Number.NaN, size, d);
          out.array[i + k * to] = t.array[j + at * from];
        }
      });
    return out;
  },
  {
    derivative: ({ save }, t, dim, index) => {
      const { shape } = t;
      const at = save(index);
      return (g) => [run("scatter_add", run("zeros", shape, g!.dtype), dim, at(), g)];
    },
  },
);

/** How an element changes. */
export type ElementUpdate = (old: number, x: number) => number;
/** out[index] ← put(out[index], src) along a dimension, in the order of the indices. */
function scatter(
  out: TensorImpl,
  dim: number,
  index: TensorImpl,
  src: TensorImpl,
  put: ElementUpdate,
): TensorImpl {
  const d = wrapDim(dim, out.ndim);
  checkGather(out, d, index, "scatter");
  check(
    index.shape.every((size, i) => size <= (src.shape[i] ?? 1)),
    () =>
      `Expected index [${index.shape.join(", ")}] to be no larger than src [${src.shape.join(", ")}]`,
  );
  check(src.dtype === out.dtype, "scatter(): Expected self.dtype to be equal to src.dtype");
  const n = index.shape[d] ?? 1;
  const size = out.shape[d] ?? 1;
  const to = strideOf(out, d);
  const from = strideOf(src, d);
  const by = strideOf(index, d);
  if (index.count > 0)
    forLanes([index, corner(out, index.shape), corner(src, index.shape)], d, ([l, i, j]) => {
      for (let k = 0; k < n; k++) {
        const at = index.array[l + k * by];
        if (!(at >= 0 && at < size)) place(at, size, d);
        out.array[i + at * to] = put(out.array[i + at * to], src.array[j + k * from]);
      }
    });
  return out;
}
const replace: ElementUpdate = (_, x) => x;
const accumulate: ElementUpdate = (old, x) => old + x;
const spreadNumber = (value: number, like: TensorImpl, index: TensorImpl) =>
  run("expand", run("full", [], value, like.dtype), index.shape);
define(
  "aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
  (t, dim, index, src) => scatter(copyOf(t), dim, index, src, accumulate),
  {
    derivative: ({ save }, _, dim, index) => {
      const at = save(index);
      return (g) => [g, null, run("gather", g, dim, at())];
    },
  },
);
const overwriting = (
  { save }: Tracing,
  _: TensorImpl,
  dim: number,
  index: TensorImpl,
  src: unknown,
) => {
  const at = save(index);
  const isTensor = typeof src === "object";
  return (g: Gradient) => [
    run("scatter.value", g, dim, at(), 0),
    null,
    isTensor ? run("gather", g, dim, at()) : null,
  ];
};
for (const [suffix, mark, result] of [
  ["", "", "Tensor"],
  ["_", "(a!)", "Tensor(a!)"],
]) {
  const target = (t: TensorImpl) => (suffix ? t : copyOf(t));
  define(
    `aten::scatter${suffix}.src(Tensor${mark} self, int dim, Tensor index, Tensor src) -> ${result}`,
    (t, dim, index, src) => scatter(target(t), dim, index, src, replace),
    { derivative: overwriting },
  );
  define(
    `aten::scatter${suffix}.value(Tensor${mark} self, int dim, Tensor index, Scalar value) -> ${result}`,
    (t, dim, index, value) =>
      scatter(target(t), dim, index, spreadNumber(value, t, index), replace),
    { derivative: overwriting },
  );
}
