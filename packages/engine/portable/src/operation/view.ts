// Views: the same elements under another shape.

import { fromBytes, toBytes } from "../bytes.js";
import { type ElementName, elementType } from "../dtype.js";
import { check, fail } from "../errors.js";
import { define, run, type Tracing } from "../operation.js";
import { inferSizes, viewStrides, wrapDim } from "../shape.js";
import { type Gradient, type Sizes, type TensorImpl, viewOf } from "../tensor.js";

const likeInput = (_: Tracing, self: TensorImpl) => {
  const { shape } = self;
  return (g: Gradient) => [run("reshape", g, shape)];
};
const view = { isView: true };

define(
  "aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)",
  (self: TensorImpl, size: Sizes) => {
    const sizes = inferSizes(size, self.count);
    const strides = viewStrides(self.shape, self.strides, sizes);
    check(
      strides !== null,
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous subspaces). Use .reshape(...) instead.",
    );
    return viewOf(self, sizes, strides);
  },
  { ...view, derivative: likeInput },
);
define("aten::alias(Tensor(a) self) -> Tensor(a)", (t) => viewOf(t, t.shape, t.strides), {
  ...view,
  derivative: () => (g) => [g],
});
define("aten::detach(Tensor(a) self) -> Tensor(a)", (t) => viewOf(t, t.shape, t.strides), {
  ...view,
  derivative: null,
});

function transposeView(t: TensorImpl, a: number, b: number): TensorImpl {
  const shape = [...t.shape];
  const strides = [...t.strides];
  [shape[a], shape[b]] = [shape[b], shape[a]];
  [strides[a], strides[b]] = [strides[b], strides[a]];
  return viewOf(t, shape, strides);
}
define(
  "aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)",
  (t: TensorImpl, dim0, dim1) => {
    const a = wrapDim(dim0, t.ndim);
    const b = wrapDim(dim1, t.ndim);
    return t.ndim === 0 ? viewOf(t, [], []) : transposeView(t, a, b);
  },
  { ...view, derivative: (_, __, a, b) => (g) => [run("transpose.int", g, a, b)] },
);
define(
  "aten::t(Tensor(a) self) -> Tensor(a)",
  (t: TensorImpl) => {
    check(t.ndim <= 2, () => `t() expects a tensor with <= 2 dimensions, but self is ${t.ndim}D`);
    return t.ndim < 2 ? viewOf(t, t.shape, t.strides) : transposeView(t, 0, 1);
  },
  { ...view, derivative: () => (g) => [run("t", g)] },
);
/** t_, which changes the shape of its tensor. */
define(
  "aten::t_(Tensor(a!) self) -> Tensor(a!)",
  (t: TensorImpl) => {
    if (t.ndim === 2) {
      t.shape = [...t.shape].reverse();
      t.strides = [...t.strides].reverse();
    }
    return t;
  },
  { derivative: null, unrecordable: "it changes a tensor's shape in place" },
);
define(
  "aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)",
  (t: TensorImpl, dims: Sizes) => {
    check(
      dims.length === t.ndim,
      () =>
        `permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of dimensions i.e. input.dim() = ${t.ndim} is not equal to len(dims) = ${dims.length}`,
    );
    const order = dims.map((dim) => wrapDim(dim, t.ndim));
    check(new Set(order).size === order.length, "permute(): duplicate dims are not allowed.");
    return viewOf(
      t,
      order.map((d) => t.shape[d]),
      order.map((d) => t.strides[d]),
    );
  },
  {
    ...view,
    derivative: (_, self: TensorImpl, dims: Sizes) => {
      const order = dims.map((dim) => wrapDim(dim, self.ndim));
      const back = order.map((__, d) => order.indexOf(d));
      return (g) => [run("permute", g, back)];
    },
  },
);
define(
  "aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)",
  (t: TensorImpl, size: Sizes) => {
    const skip = size.length - t.ndim;
    check(
      skip >= 0,
      () =>
        `expand(${elementType(t.dtype).title}Tensor{[${t.shape}]}, size=[${size.join(", ")}]): the number of sizes provided (${size.length}) must be greater or equal to the number of dimensions in the tensor (${t.ndim})`,
    );
    const strides: number[] = [];
    const sizes = size.map((target, i) => {
      const extent = i < skip ? 1 : t.shape[i - skip];
      check(
        target >= 0 || (target === -1 && i >= skip),
        () =>
          `The expanded size of the tensor (${target}) isn't allowed in a leading, non-existing dimension ${i}`,
      );
      const to = target === -1 ? extent : target;
      check(
        extent === to || extent === 1,
        () =>
          `The expanded size of the tensor (${to}) must match the existing size (${extent}) at non-singleton dimension ${i}.  Target sizes: [${size.join(", ")}].  Tensor sizes: [${t.shape.join(", ")}]`,
      );
      strides.push(i < skip || (extent === 1 && to !== 1) ? 0 : t.strides[i - skip]);
      return to;
    });
    return viewOf(t, sizes, strides);
  },
  // The tape sums gradients over broadcast dimensions.
  { ...view, derivative: () => (g) => [g] },
);

/** Puts a gradient back among zeros. */
const among = (place: (zeros: TensorImpl) => TensorImpl, g: TensorImpl, shape: Sizes) => {
  const whole = run("zeros", shape, g.dtype);
  run("copy_", place(whole), g);
  return whole;
};
define(
  "aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)",
  (t: TensorImpl, dim: number, index: number) => {
    if (t.ndim === 0) fail("ERR_TORCH_INDEX", "select() cannot be applied to a 0-dim tensor.");
    const d = wrapDim(dim, t.ndim);
    const size = t.shape[d];
    if (!(index >= -size && index < size))
      fail(
        "ERR_TORCH_INDEX",
        `select(): index ${index} out of range for tensor of size [${t.shape.join(", ")}] at dimension ${d}`,
      );
    const at = index < 0 ? index + size : index;
    const keep = (list: Sizes) => list.filter((_, i) => i !== d);
    return viewOf(t, keep(t.shape), keep(t.strides), t.offset + at * t.strides[d]);
  },
  {
    ...view,
    derivative: (_, self: TensorImpl, dim, index) => {
      const { shape } = self;
      return (g) => [among((whole) => run("select.int", whole, dim, index), g!, shape)];
    },
  },
);
define(
  "aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)",
  (t: TensorImpl, dim: number, start: number | null, end: number | null, step: number) => {
    check(t.ndim > 0, "slice() cannot be applied to a 0-dim tensor.");
    check(step > 0, "slice step must be positive");
    const d = wrapDim(dim, t.ndim);
    const size = t.shape[d];
    const inside = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
    const from = inside(start ?? 0);
    const length = Math.max(0, Math.ceil((inside(end ?? size) - from) / step));
    const change = (list: Sizes, value: number) => list.map((x, i) => (i === d ? value : x));
    const { shape, strides, offset } = t;
    const stride = strides[d] * step;
    return viewOf(t, change(shape, length), change(strides, stride), offset + from * strides[d]);
  },
  {
    ...view,
    derivative: (_, self: TensorImpl, ...cut) => {
      const { shape } = self;
      return (g) => [among((whole) => run("slice.Tensor", whole, ...cut), g!, shape)];
    },
  },
);
define(
  "aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)",
  (t: TensorImpl, dim: number) => {
    const d = wrapDim(dim, t.ndim + 1);
    const stride = d < t.ndim ? t.shape[d] * t.strides[d] : 1;
    const { shape, strides } = t;
    return viewOf(t, shape.toSpliced(d, 0, 1), strides.toSpliced(d, 0, stride));
  },
  { ...view, derivative: likeInput },
);
const squeezeView = (t: TensorImpl, isGone: (d: number) => boolean) => {
  const keep = (list: Sizes) => list.filter((_, d) => t.shape[d] !== 1 || !isGone(d));
  return viewOf(t, keep(t.shape), keep(t.strides));
};
define("aten::squeeze(Tensor(a) self) -> Tensor(a)", (t) => squeezeView(t, () => true), {
  ...view,
  derivative: likeInput,
});
define(
  "aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)",
  (t: TensorImpl, dim: number) => {
    const at = wrapDim(dim, t.ndim);
    return squeezeView(t, (d) => d === at);
  },
  { ...view, derivative: likeInput },
);
define(
  "aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)",
  (t: TensorImpl, shift: number, dim1: number, dim2: number) => {
    const a = wrapDim(dim1, t.ndim);
    const b = wrapDim(dim2, t.ndim);
    check(a !== b, `diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    const length = Math.max(
      0,
      Math.min(t.shape[a] + Math.min(shift, 0), t.shape[b] - Math.max(shift, 0)),
    );
    const first = length === 0 ? 0 : shift >= 0 ? shift * t.strides[b] : -shift * t.strides[a];
    const others = (list: Sizes) => list.filter((_, d) => d !== a && d !== b);
    return viewOf(
      t,
      [...others(t.shape), length],
      [...others(t.strides), t.strides[a] + t.strides[b]],
      t.offset + first,
    );
  },
  {
    ...view,
    derivative: (_, self: TensorImpl, ...place) => {
      const { shape } = self;
      return (g) => [among((whole) => run("diagonal", whole, ...place), g!, shape)];
    },
  },
);
define(
  "aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)",
  (t: TensorImpl, dimension: number, size: number, step: number) => {
    const d = wrapDim(dimension, t.ndim);
    const length = t.ndim === 0 ? 1 : t.shape[d];
    check(
      size >= 0 && size <= length,
      `maximum size for tensor at dimension ${d} is ${length} but size is ${size}`,
    );
    check(step > 0, `step is ${step} but must be > 0`);
    const count = Math.floor((length - size) / step) + 1;
    const stride = t.strides[d] ?? 1;
    const change = (list: Sizes, value: number) => list.map((x, i) => (i === d ? value : x));
    return viewOf(
      t,
      [...change(t.shape, count), size],
      [...change(t.strides, stride * step), stride],
    );
  },
  view,
);

/** Bytes under another type. They are shared if both types are held alike, else copied. */
define(
  "aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)",
  (t: TensorImpl, dtype: ElementName) => {
    const from = elementType(t.dtype).bytes;
    const to = elementType(dtype).bytes;
    const last = t.shape.at(-1) ?? 1;
    check(
      from === to || (t.ndim > 0 && t.isDense && (last * from) % to === 0),
      () =>
        `self.size(-1) must be divisible by ${to / from} to view ${t.dtype} as ${dtype} (different element sizes), but got ${last}`,
    );
    if (dtype === t.dtype) return viewOf(t, t.shape, t.strides);
    const bytes = new Uint8Array(toBytes(t));
    const shape = from === to ? t.shape : [...t.shape.slice(0, -1), (last * from) / to];
    return fromBytes(bytes, shape, dtype);
  },
  view,
);
