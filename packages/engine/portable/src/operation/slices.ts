import { check, fail } from "../errors.js";
import { forLanes } from "../kernel/lanes.js";
import { define, run } from "../operation.js";
import { countOf, isSameShape, wrapDim } from "../shape.js";
import { allocate, type TensorImpl } from "../tensor.js";
import type { ElementUpdate } from "./gather.js";
import { checkIndex, copyOf, strideOf } from "./places.js";

/** Copies rows of a row-major tensor. */
function selectRows(out: TensorImpl, t: TensorImpl, places: Float64Array): void {
  const width = out.count / places.length;
  const x = t.array;
  const y = out.array;
  for (let k = 0; k < places.length; k++) {
    const from = t.offset + places[k] * width;
    const to = k * width;
    for (let i = 0; i < width; i++) y[to + i] = x[from + i];
  }
}

const replace: ElementUpdate = (_, x) => x;

define(
  "aten::index_select(Tensor self, int dim, Tensor index) -> Tensor",
  (t: TensorImpl, dim: number, index: TensorImpl) => {
    checkIndex(index, "index_select");
    if (index.ndim > 1) fail("ERR_TORCH_INDEX", "index_select(): Index is supposed to be a vector");
    const d = wrapDim(dim, t.ndim);
    const size = t.shape[d] ?? 1;
    const out = allocate(
      t.shape.map((s, i) => (i === d ? index.count : s)),
      t.dtype,
    );
    const by = index.strides[0] ?? 0;
    const places = new Float64Array(index.count);
    for (let k = 0; k < places.length; k++) {
      const at = index.array[index.offset + k * by];
      if (!(at >= 0 && at < size)) fail("ERR_TORCH_INDEX", "index out of range in self");
      places[k] = at;
    }
    if (out.count === 0) return out;
    if (d === 0 && t.isDense) {
      selectRows(out, t, places);
      return out;
    }
    const from = strideOf(t, d);
    const to = strideOf(out, d);
    if (countOf(t.shape) > 0)
      forLanes([out, t], d, ([i, j]) => {
        for (let k = 0; k < places.length; k++)
          out.array[i + k * to] = t.array[j + places[k] * from];
      });
    return out;
  },
  {
    derivative: ({ save }, t, dim, index) => {
      const { shape } = t;
      const at = save(index);
      return (g) => [run("index_add", run("zeros", shape, g!.dtype), dim, at(), g)];
    },
  },
);

/** out[.., index[k], ..] ← put(…, source[.., k, ..]). */
function byVector(
  out: TensorImpl,
  dim: number,
  index: TensorImpl,
  source: TensorImpl,
  put: ElementUpdate,
): TensorImpl {
  checkIndex(index, "index_add");
  const d = wrapDim(dim, out.ndim);
  check(index.ndim <= 1, "index_add_(): Index is supposed to be a vector");
  check(source.dtype === out.dtype, "index_add_(): self and source must have the same scalar type");
  const n = index.count;
  const expectedShape = out.shape.map((size, i) => (i === d ? n : size));
  check(
    isSameShape(source.shape, expectedShape),
    () =>
      `index_add_(): Number of indices (${n}) should be equal to source.size(dim): (${source.shape[d]})`,
  );
  const size = out.shape[d] ?? 1;
  const to = strideOf(out, d);
  const from = strideOf(source, d);
  const by = index.strides[0] ?? 0;
  if (source.count > 0)
    forLanes([source, out], d, ([j, i]) => {
      for (let k = 0; k < n; k++) {
        const at = index.array[index.offset + k * by];
        if (!(at >= 0 && at < size)) fail("ERR_TORCH_INDEX", "index out of range in self");
        const to_ = i + at * to;
        out.array[to_] = put(out.array[to_], source.array[j + k * from]);
      }
    });
  return out;
}
define(
  "aten::index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)",
  (t, dim, index, source) => byVector(t, dim, index, source, replace),
);
define(
  "aten::index_fill_.int_Scalar(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)",
  (t: TensorImpl, dim, index, value) => {
    const d = wrapDim(dim, t.ndim);
    const shape = t.shape.map((size, i) => (i === d ? index.count : size));
    return byVector(t, dim, index, run("expand", run("full", [], value, t.dtype), shape), replace);
  },
);

for (const [suffix, mark, result] of [
  ["", "", "Tensor"],
  ["_", "(a!)", "Tensor(a!)"],
]) {
  const target = (t: TensorImpl) => (suffix ? t : copyOf(t));
  define(
    `aten::index_add${suffix}(Tensor${mark} self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> ${result}`,
    (t, dim, index, source, alpha) =>
      byVector(target(t), dim, index, source, (old, x) => old + Number(alpha) * x),
    {
      derivative: ({ save }, _, dim, index, __, alpha) => {
        const at = save(index);
        return (g) => [g, null, run("mul.Scalar", run("index_select", g, dim, at()), alpha)];
      },
    },
  );
}
