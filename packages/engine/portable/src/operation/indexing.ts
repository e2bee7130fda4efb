// Elements chosen by tensors of indices.
import { isInteger } from "../dtype.js";
import { check, fail } from "../errors.js";
import { convert } from "../kernel/map.js";
import { compose, define, run } from "../operation.js";
import { broadcastOf, countOf, rowMajor, wrapDim } from "../shape.js";
import { allocate, type TensorImpl, viewOf } from "../tensor.js";
import { checkIndex, copyOf, place } from "./places.js";

/** Masks as their indices, one tensor a dimension. */
function plainIndices(
  t: TensorImpl,
  indices: readonly (TensorImpl | null)[],
): (TensorImpl | null)[] {
  let dim = 0;
  return indices.flatMap((index) => {
    if (!index) {
      dim++;
      return [null];
    }
    if (isInteger(index.dtype) && index.dtype !== "uint8") {
      dim++;
      return [index];
    }
    if (index.dtype !== "bool" && index.dtype !== "uint8")
      fail("ERR_TORCH_INDEX", "tensors used as indices must be long, int, byte or bool tensors");
    index.shape.forEach((size, i) => {
      if (size !== t.shape[dim + i])
        fail(
          "ERR_TORCH_INDEX",
          `The shape of the mask [${index.shape.join(", ")}] at index ${i} does not match the shape of the indexed tensor [${t.shape.join(", ")}] at index ${dim + i}`,
        );
    });
    dim += index.ndim;
    const places = run("nonzero", index);
    return Array.from({ length: index.ndim }, (_, i) => run("select.int", places, 1, i));
  });
}

interface Selection {
  /** Shape of the selection. */
  shape: number[];
  /** Offsets of the chosen slices, in order. */
  offsets: number[];
  /** Shape and strides of a slice within the tensor. */
  inner: readonly [number[], number[]];
  /** Number of the slice's dimensions before the indices. */
  before: number;
}

/**
 * Where `t[indices]` lies.
 * @throws {TorchError} `ERR_TORCH_INDEX`
 */
function selectionOf(t: TensorImpl, list: readonly (TensorImpl | null)[]): Selection {
  const indices = plainIndices(t, list);
  if (indices.length > t.ndim)
    fail(
      "ERR_TORCH_INDEX",
      `too many indices for tensor of dimension ${t.ndim} (got ${indices.length})`,
    );
  let common: readonly number[] = [];
  for (const index of indices) if (index) common = broadcastOf(common, index.shape);
  const used = indices.flatMap((index, d) => (index ? [d] : []));
  const isTogether = used.every((d, i) => i === 0 || d === used[i - 1] + 1);
  const n = countOf(common);
  const offsets = new Array<number>(n).fill(t.offset);
  for (const d of used) {
    const wide = copyOf(run("expand", indices[d], common));
    for (let k = 0; k < n; k++) offsets[k] += place(wide.array[k], t.shape[d], d) * t.strides[d];
  }
  const free = [...t.shape.keys()].filter((d) => !used.includes(d));
  const sizes = free.map((d) => t.shape[d]);
  const before = isTogether ? free.filter((d) => d < (used[0] ?? 0)).length : 0;
  return {
    shape: [...sizes.slice(0, before), ...common, ...sizes.slice(before)],
    offsets,
    inner: [sizes, free.map((d) => t.strides[d])],
    before,
  };
}

/** Pairs each chosen element with its place in `whole`, a tensor of the selection's shape. */
function pairUp(
  t: TensorImpl,
  { offsets, inner: [sizes, strides], before, shape }: Selection,
  whole: TensorImpl,
  visit: (chosen: TensorImpl, slice: TensorImpl) => void,
): void {
  const dims = shape.length - sizes.length;
  const common = whole.shape.slice(before, before + dims);
  const steps = rowMajor(common);
  const keep = (list: readonly number[]) => [
    ...list.slice(0, before),
    ...list.slice(before + dims),
  ];
  offsets.forEach((offset, k) => {
    let at = whole.offset;
    for (let d = 0; d < dims; d++)
      at += (Math.floor(k / steps[d]) % common[d]) * whole.strides[before + d];
    visit(
      viewOf(t, sizes, strides, offset),
      viewOf(whole, keep(whole.shape), keep(whole.strides), at),
    );
  });
}
define(
  "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
  (t: TensorImpl, indices: (TensorImpl | null)[]) => {
    const selection = selectionOf(t, indices);
    const out = allocate(selection.shape, t.dtype);
    pairUp(t, selection, out, (chosen, slice) => convert(slice, chosen));
    return out;
  },
  {
    derivative: ({ save }, t, indices: (TensorImpl | null)[]) => {
      const { shape } = t;
      const at = indices.map((index) => index && save(index));
      return (g) => [
        run(
          "index_put_",
          run("zeros", shape, g!.dtype),
          at.map((index) => index?.()),
          g,
          true,
        ),
      ];
    },
  },
);
define(
  "aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)",
  (t: TensorImpl, indices: (TensorImpl | null)[], values: TensorImpl, isSum: boolean) => {
    if (values.dtype !== t.dtype)
      fail("ERR_TORCH_INDEX", "Index put requires the source and destination dtypes match");
    const selection = selectionOf(t, indices);
    const whole = run("expand", values, selection.shape);
    pairUp(t, selection, whole, (chosen, slice) => {
      if (isSum) run("add_.Tensor", chosen, slice);
      else convert(chosen, slice);
    });
    return t;
  },
  {
    derivative: (
      { save },
      _,
      indices: (TensorImpl | null)[],
      values: TensorImpl,
      isSum: boolean,
    ) => {
      const at = indices.map((index) => index && save(index));
      const { dtype } = values;
      return (g) => {
        const places = at.map((index) => index?.());
        const kept = isSum
          ? g
          : run("index_put_", run("clone", g), places, run("zeros", [], dtype), false);
        return [kept, ...places.map(() => null), run("index.Tensor", g, places)];
      };
    },
  },
);

const depends = "the shape of its result depends on the values";
define(
  "aten::nonzero(Tensor self) -> Tensor",
  (t: TensorImpl) => {
    const { array, shape } = copyOf(t);
    const places: number[] = [];
    for (let i = 0; i < t.count; i++) if (array[i] !== 0) places.push(i);
    const out = allocate([places.length, t.ndim], "int64");
    const steps = rowMajor(shape);
    places.forEach((at, i) => {
      for (let d = 0; d < t.ndim; d++)
        out.array[i * t.ndim + d] = Math.floor(at / steps[d]) % shape[d];
    });
    return out;
  },
  { unrecordable: depends },
);
define(
  "aten::masked_select(Tensor self, Tensor mask) -> Tensor",
  (t: TensorImpl, mask: TensorImpl) => {
    check(mask.dtype === "bool", "masked_select: expected BoolTensor for mask");
    const shape = broadcastOf(t.shape, mask.shape);
    return run("index.Tensor", run("expand", t, shape), [run("expand", mask, shape)]);
  },
  { unrecordable: depends },
);
compose({
  "aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor": (
    t: TensorImpl,
    index: TensorImpl,
    dim: number | null,
  ) => {
    if (dim === null)
      return run("gather", run("flatten.using_ints", t), 0, run("flatten.using_ints", index));
    const d = wrapDim(dim, t.ndim);
    const but = (shape: readonly number[], size: number) =>
      shape.map((s, i) => (i === d ? size : s));
    const shape = broadcastOf(but(t.shape, 1), but(index.shape, 1));
    return run(
      "gather",
      run("expand", t, but(shape, t.shape[d])),
      d,
      run("expand", index, but(shape, index.shape[d])),
    );
  },
  "aten::take(Tensor self, Tensor index) -> Tensor": (t: TensorImpl, index) =>
    run("index.Tensor", run("reshape", t, [-1]), [index]),
  "aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor":
    (weight: TensorImpl, index: TensorImpl) => {
      check(weight.ndim === 2, "'weight' must be 2-D");
      checkIndex(index, "embedding");
      const rows = run("index_select", weight, 0, run("reshape", index, [-1]));
      return run("view", rows, [...index.shape, weight.shape[1]]);
    },
});
