// TensorList joined, repeated, turned and rolled; and searches among sorted numbers.
import { type ElementName, isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { convert } from "../kernel/map.js";
import { compose, define, run } from "../operation.js";
import { broadcastOf, isSameShape, rowMajor, wrapDim, wrapDims } from "../shape.js";
import { allocate, type Sizes, type TensorImpl, type TensorList, viewOf } from "../tensor.js";
import { promotedType } from "./pointwise.js";

/** libtorch ignores vectors without elements. */
const isSkipped = (t: TensorImpl) => t.ndim === 1 && t.shape[0] === 0;

function joinTensors(tensors: TensorList, dim: number): TensorImpl {
  check(tensors.length > 0, "torch.cat(): expected a non-empty list of TensorList");
  const dtype = promotedType(tensors);
  const parts = tensors.filter((t) => !isSkipped(t));
  if (parts.length === 0) return allocate([0], dtype);
  const first = parts[0];
  check(first.ndim > 0, "zero-dimensional tensor (at position 0) cannot be concatenated");
  const d = wrapDim(dim, first.ndim);
  parts.forEach((t, i) => {
    check(
      t.ndim === first.ndim,
      () => `TensorList must have same number of dimensions: got ${first.ndim} and ${t.ndim}`,
    );
    const wrong = t.shape.findIndex((size, k) => k !== d && size !== first.shape[k]);
    check(
      wrong < 0,
      () =>
        `Sizes of tensors must match except in dimension ${d}. Expected size ${first.shape[wrong]} but got size ${t.shape[wrong]} for tensor number ${i} in the list.`,
    );
  });
  const total = parts.reduce((n, t) => n + t.shape[d], 0);
  const out = allocate(
    first.shape.map((size, k) => (k === d ? total : size)),
    dtype,
  );
  let start = 0;
  for (const t of parts) {
    convert(viewOf(out, t.shape, out.strides, start * out.strides[d]), t);
    start += t.shape[d];
  }
  return out;
}
define("aten::cat(Tensor[] tensors, int dim=0) -> Tensor", joinTensors, {
  derivative: (_, tensors: TensorList, dim) => {
    const sizes = tensors.map((t) => (isSkipped(t) ? 0 : (t.shape.at(wrapDim(dim, t.ndim)) ?? 0)));
    const shapes = tensors.map((t) => t.shape);
    return (g) => {
      let start = 0;
      return sizes.map((size, i) => {
        start += size;
        return run("reshape", run("slice.Tensor", g, dim, start - size, start, 1), shapes[i]);
      });
    };
  },
});

define(
  "aten::flip(Tensor self, int[] dims) -> Tensor",
  (t: TensorImpl, dims: Sizes) => {
    const turned = dims.length > 0 ? wrapDims(dims, t.ndim) : [];
    const out = allocate(t.shape, t.dtype);
    if (out.count === 0) return out;
    let { offset } = t;
    const strides = t.strides.map((s, d) => {
      if (!turned.includes(d)) return s;
      offset += (t.shape[d] - 1) * s;
      return -s;
    });
    convert(out, viewOf(t, t.shape, strides, offset));
    return out;
  },
  { derivative: (_, __, dims) => (g) => [run("flip", g, dims)] },
);
define(
  "aten::repeat(Tensor self, SymInt[] repeats) -> Tensor",
  (t: TensorImpl, repeats: Sizes) => {
    check(
      repeats.length >= t.ndim,
      "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
    );
    check(
      repeats.every((n) => n >= 0),
      "Trying to create tensor with negative dimension",
    );
    const shape = [...repeats.slice(t.ndim).fill(1), ...t.shape];
    const out = allocate(
      shape.map((size, d) => size * repeats[d]),
      t.dtype,
    );
    if (out.count === 0) return out;
    const strides = rowMajor(out.shape);
    const both = shape.flatMap((size, d) => [repeats[d], size]);
    const target = viewOf(
      out,
      both,
      strides.flatMap((s, d) => [s * shape[d], s]),
    );
    convert(
      target,
      run(
        "expand",
        run(
          "view",
          run("contiguous", t),
          shape.flatMap((size) => [1, size]),
        ),
        both,
      ),
    );
    return out;
  },
  {
    derivative: (_, t: TensorImpl, repeats: Sizes) => {
      const shape = [...repeats.slice(t.ndim).fill(1), ...t.shape];
      return (g) => {
        const both = shape.flatMap((size, d) => [repeats[d], size]);
        const parts = run("reshape", g, both);
        const sum = run(
          "sum.dim_IntList",
          parts,
          shape.map((__, d) => 2 * d),
          false,
        );
        return [run("reshape", sum, t.shape)];
      };
    },
  },
);

function roll(t: TensorImpl, shifts: Sizes, dims: Sizes): TensorImpl {
  check(shifts.length > 0, "`shifts` required");
  if (dims.length === 0) {
    check(
      shifts.length === 1,
      `shifts and dimensions must align. shifts: ${shifts.length}, dims:0`,
    );
    return run("view", roll(run("reshape", t, [-1]), shifts, [0]), t.shape);
  }
  check(
    dims.length === shifts.length,
    `shifts and dimensions must align. shifts: ${shifts.length}, dims:${dims.length}`,
  );
  return dims.reduce((value, dim, i) => {
    const d = wrapDim(dim, value.ndim);
    const n = value.shape[d] ?? 1;
    if (n === 0 || value.ndim === 0) return value;
    const start = ((-shifts[i] % n) + n) % n;
    return run(
      "cat",
      [run("narrow", value, d, start, n - start), run("narrow", value, d, 0, start)],
      d,
    );
  }, t);
}

const withDims = (t: TensorImpl, n: number) =>
  t.ndim >= n ? t : run("reshape", t, n === 1 ? [-1] : [1, t.count]);
const dtypeOrOwn = (t: TensorImpl): ElementName => (isFloating(t.dtype) ? t.dtype : "float32");
compose({
  "aten::stack(Tensor[] tensors, int dim=0) -> Tensor": (tensors: TensorList, dim) => {
    check(tensors.length > 0, "stack expects a non-empty TensorList");
    const [first] = tensors;
    tensors.forEach((t, i) => {
      check(
        isSameShape(t.shape, first.shape),
        () =>
          `stack expects each tensor to be equal size, but got [${first.shape.join(", ")}] at entry 0 and [${t.shape.join(", ")}] at entry ${i}`,
      );
    });
    const d = wrapDim(dim, first.ndim + 1);
    return run(
      "cat",
      tensors.map((t) => run("unsqueeze", t, d)),
      d,
    );
  },
  "aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor": roll,
  "aten::tile(Tensor self, SymInt[] dims) -> Tensor": (t: TensorImpl, dims: Sizes) =>
    run("repeat", t, [...new Array<number>(Math.max(0, t.ndim - dims.length)).fill(1), ...dims]),
  "aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor":
    (t: TensorImpl, repeats: number, dim: number | null) => {
      check(repeats >= 0, "Repeats must be non-negative");
      const flat = dim === null ? run("reshape", t, [-1]) : t;
      const d = wrapDim(dim ?? 0, flat.ndim);
      const wide = run("unsqueeze", flat, d + 1);
      const shape = wide.shape.map((size, i) => (i === d + 1 ? repeats : size));
      const total = flat.shape.map((size, i) => (i === d ? size * repeats : size));
      return run("reshape", run("expand", wide, shape), total);
    },
  "aten::hstack(Tensor[] tensors) -> Tensor": (tensors: TensorList) =>
    run(
      "cat",
      tensors.map((t) => withDims(t, 1)),
      (tensors[0]?.ndim ?? 0) > 1 ? 1 : 0,
    ),
  "aten::vstack(Tensor[] tensors) -> Tensor": (tensors: TensorList) =>
    run(
      "cat",
      tensors.map((t) => withDims(t, 2)),
      0,
    ),
  "aten::column_stack(Tensor[] tensors) -> Tensor": (tensors: TensorList) =>
    run(
      "cat",
      tensors.map((t) => (t.ndim > 1 ? t : run("reshape", t, [-1, 1]))),
      1,
    ),
  "aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]": (tensors: TensorList) => {
    const shape = tensors.reduce<Sizes>((s, t) => broadcastOf(s, t.shape), []);
    return tensors.map((t) => run("expand", t, shape));
  },
  "aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]": (
    tensors: TensorList,
    indexing,
  ) => {
    check(
      indexing === "ij" || indexing === "xy",
      'torch.meshgrid: indexing must be one of "xy" or "ij"',
    );
    check(tensors.length > 0, "meshgrid expects a non-empty TensorList");
    const isTurned = indexing === "xy" && tensors.length > 1;
    const order = isTurned ? [tensors[1], tensors[0], ...tensors.slice(2)] : tensors;
    const shape = order.map((t) => t.count);
    const grids = order.map((t, i) =>
      run(
        "expand",
        run(
          "view",
          run("contiguous", t),
          shape.map((_, d) => (d === i ? -1 : 1)),
        ),
        shape,
      ),
    );
    return isTurned
      ? [grids[1], grids[0], ...grids.slice(2)].map((t) => run("transpose.int", t, 0, 1))
      : grids;
  },
  "aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor":
    (t: TensorImpl, n: number, dim: number, prepend, append) => {
      const parts = [prepend, t, append].filter(Boolean);
      let value = parts.length > 1 ? run("cat", parts, dim) : t;
      for (let i = 0; i < n; i++) {
        const size = value.shape[wrapDim(dim, value.ndim)];
        if (size === 0) return value;
        value = run(
          "sub.Tensor",
          run("narrow", value, dim, 1, size - 1),
          run("narrow", value, dim, 0, size - 1),
        );
      }
      return value;
    },
  "aten::trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor": (
    y: TensorImpl,
    x: TensorImpl,
    dim,
  ) => {
    check(dtypeOrOwn(x) === x.dtype, "trapezoid: expected floating point numbers");
    const n = y.shape[wrapDim(dim, y.ndim)];
    const sum = run("add.Tensor", run("narrow", y, dim, 1, n - 1), run("narrow", y, dim, 0, n - 1));
    return run(
      "div.Scalar",
      run("sum.dim_IntList", run("mul.Tensor", sum, run("diff", x)), [dim], false),
      2,
    );
  },
});
