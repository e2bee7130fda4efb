import { check, fail } from "../errors.js";
import { compose, run } from "../operation.js";
import { countOf, inferSizes, viewStrides, wrapDim } from "../shape.js";
import type { Sizes, TensorImpl } from "../tensor.js";

const sizesOf = (t: TensorImpl, dim: number, each: number) => {
  const size = t.shape[wrapDim(dim, t.ndim)] ?? 0;
  const n = Math.max(1, Math.ceil(size / each));
  return Array.from({ length: n }, (_, i) => Math.min(each, size - i * each));
};
const flattenView = (t: TensorImpl, start: number, end: number) => {
  const a = wrapDim(start, t.ndim);
  const b = wrapDim(end, t.ndim);
  check(a <= b, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (t.ndim === 0) return run("reshape", t, [1]);
  if (a === b) return t;
  const middle = countOf(t.shape.slice(a, b + 1));
  return run("reshape", t, [...t.shape.slice(0, a), middle, ...t.shape.slice(b + 1)]);
};

compose({
  "aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)": (t: TensorImpl, size: Sizes) => {
    const sizes = inferSizes(size, t.count);
    const isView = viewStrides(t.shape, t.strides, sizes) !== null;
    return run("view", isView ? t : run("clone", t, "contiguous"), sizes);
  },
  "aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)":
    flattenView,
  "aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)": (t, other) =>
    run("view", t, other.shape),
  "aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)": (t, other) =>
    run("expand", t, other.shape),
  "aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)": (t, size) =>
    run("expand", t, size),
  "aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)": (
    t: TensorImpl,
  ) => (t.isDense ? t : run("clone", t, "contiguous")),
  "aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)": (t, a, b) =>
    run("transpose.int", t, a, b),
  "aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)": (
    t: TensorImpl,
    source,
    destination,
  ) => {
    const from = wrapDim(source, t.ndim);
    const to = wrapDim(destination, t.ndim);
    const order = t.shape.map((_, d) => d).filter((d) => d !== from);
    return run("permute", t, order.toSpliced(to, 0, from));
  },
  "aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)": (
    t: TensorImpl,
    dim: number,
    start: number,
    length: number,
  ) => {
    check(t.ndim > 0, "narrow() cannot be applied to a 0-dim tensor.");
    check(length >= 0, "narrow(): length must be non-negative.");
    const size = t.shape[wrapDim(dim, t.ndim)];
    if (!(start >= -size && start <= size))
      fail(
        "ERR_TORCH_INDEX",
        `start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`,
      );
    const from = start < 0 ? start + size : start;
    check(
      from + length <= size,
      `start (${from}) + length (${length}) exceeds dimension size (${size}).`,
    );
    return run("slice.Tensor", t, dim, from, from + length, 1);
  },
  "aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]": (
    t: TensorImpl,
    dim: number,
  ) => {
    if (t.ndim === 0) fail("ERR_TORCH", "Dimension specified as 0 but tensor has no dimensions");
    return Array.from({ length: t.shape[wrapDim(dim, t.ndim)] }, (_, i) =>
      run("select.int", t, dim, i),
    );
  },
  "aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]": (
    t: TensorImpl,
    sizes: Sizes,
    dim: number,
  ) => {
    const total = sizes.reduce((a, b) => a + b, 0);
    const size = t.shape[wrapDim(dim, t.ndim)];
    check(
      total === size && sizes.every((s) => s >= 0),
      `split_with_sizes expects split_sizes to sum exactly to ${size} (input tensor's size at dimension ${dim}), but got split_sizes=[${sizes.join(", ")}]`,
    );
    let start = 0;
    return sizes.map((length) => {
      start += length;
      return run("slice.Tensor", t, dim, start - length, start, 1);
    });
  },
  "aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]": (
    t,
    each,
    dim,
  ) => {
    check(each > 0, `split expects split_size be non-negative, but got split_size=${each}`);
    return run("split_with_sizes", t, sizesOf(t, dim, each), dim);
  },
  "aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]": (
    t: TensorImpl,
    n,
    dim,
  ) => {
    check(n > 0, `chunk expects \`chunks\` to be greater than 0, got: ${n}`);
    check(t.ndim > 0, "chunk expects at least a 1-dimensional tensor");
    const each = Math.max(1, Math.ceil(t.shape[wrapDim(dim, t.ndim)] / n));
    return run("split_with_sizes", t, sizesOf(t, dim, each), dim);
  },
});
