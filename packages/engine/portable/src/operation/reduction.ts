// Reductions over dimensions, with their gradients.
import { type ElementName, elementType, isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { fold, reducedShape } from "../kernel/lanes.js";
import { vectorisedRowSums, vectorisedSum } from "../kernel/vectorised.js";
import { compose, define, run, type Tracing } from "../operation.js";
import { countOf, wrapDim, wrapDims } from "../shape.js";
import { allocate, type Gradient, refuseHalf, type TensorImpl } from "../tensor.js";

/** Dimensions to reduce, or all for null. */
export type Dims = readonly number[] | null;

/** A tensor of the reduced shape with these numbers. */
export function shapeSums(
  numbers: Float64Array,
  shape: readonly number[],
  dtype: ElementName,
): TensorImpl {
  const out = allocate(shape, dtype);
  out.array.set(numbers);
  return out;
}

/** A reduced tensor read as one of the shape before. */
export function spread(
  g: TensorImpl,
  shape: readonly number[],
  dims: Dims,
  keepdim: boolean,
): TensorImpl {
  const all = wrapDims(dims, shape.length);
  const kept = keepdim ? g : run("reshape", g, reducedShape(shape, all, true));
  return run("expand", kept, shape);
}

const typeOfSum = (t: TensorImpl, dtype: ElementName | null): ElementName =>
  dtype ?? (isFloating(t.dtype) ? t.dtype : "int64");

function sumOver(
  t: TensorImpl,
  dims: Dims,
  keepdim: boolean,
  dtype: ElementName | null,
): TensorImpl {
  refuseHalf(t.dtype, "sum");
  const all = wrapDims(dims, t.ndim);
  if (all.length === 1 && all[0] === 0 && dtype === null && t.ndim === 2) {
    const out = allocate(reducedShape(t.shape, all, keepdim), typeOfSum(t, dtype));
    if (vectorisedRowSums(out, t)) return out;
  }
  const whole = all.length === t.ndim && dtype === null ? vectorisedSum(t) : null;
  const sums = whole === null ? fold(t, all, 0, (a, x) => a + x) : Float64Array.of(whole);
  return shapeSums(sums, reducedShape(t.shape, all, keepdim), typeOfSum(t, dtype));
}
const spreading = (_: Tracing, t: TensorImpl, dims: Dims, keepdim: boolean) => {
  const { shape } = t;
  return (g: Gradient) => [spread(g!, shape, dims, keepdim)];
};
define(
  "aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor",
  (t, dtype) => sumOver(t, null, false, dtype),
  {
    derivative: (tracing, t) => spreading(tracing, t, null, false),
  },
);
define(
  "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
  sumOver,
  { derivative: spreading },
);

function averageOver(
  t: TensorImpl,
  dims: Dims,
  keepdim: boolean,
  dtype: ElementName | null,
): TensorImpl {
  const type = dtype ?? t.dtype;
  check(
    isFloating(type),
    () =>
      `mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ${elementType(t.dtype).title}`,
  );
  refuseHalf(t.dtype, "mean");
  const all = wrapDims(dims, t.ndim);
  const n = countOf(all.map((d) => t.shape[d]));
  const sums = fold(t, all, 0, (a, x) => a + x).map((sum) => sum / n);
  return shapeSums(sums, reducedShape(t.shape, all, keepdim), type);
}
const averaging = (_: Tracing, t: TensorImpl, dims: Dims, keepdim: boolean) => {
  const { shape } = t;
  const n = countOf(wrapDims(dims, t.ndim).map((d) => shape[d]));
  return (g: Gradient) => [spread(run("div.Scalar", g, n), shape, dims, keepdim)];
};
define(
  "aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor",
  (t, dtype) => averageOver(t, null, false, dtype),
  {
    derivative: (tracing, t) => averaging(tracing, t, null, false),
  },
);
define(
  "aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
  averageOver,
  { derivative: averaging },
);

/** The product's gradient is the product over the others, which a zero does not stop. */
function product(
  t: TensorImpl,
  dims: Dims,
  keepdim: boolean,
  dtype: ElementName | null,
): TensorImpl {
  refuseHalf(t.dtype, "prod");
  const all = wrapDims(dims, t.ndim);
  const products = fold(t, all, 1, (a, x) => a * x);
  return shapeSums(products, reducedShape(t.shape, all, keepdim), typeOfSum(t, dtype));
}
define("aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor", (t, dtype) =>
  product(t, null, false, dtype),
);
define(
  "aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
  (t, dim, keepdim, dtype) => product(t, [dim], keepdim, dtype),
);

type Extreme = "max" | "min";
/** The larger or smaller of both; NaN wins. */
const betterOf: Readonly<Record<Extreme, (a: number, x: number) => number>> = {
  max: (a, x) => (x > a || Number.isNaN(x) ? x : a),
  min: (a, x) => (x < a || Number.isNaN(x) ? x : a),
};
const worstOf = { max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY };

/**
 * The largest or smallest element over dimensions of any shape.
 * @throws {TorchError} `ERR_TORCH` for none.
 */
export function extremeOver(
  which: Extreme,
  t: TensorImpl,
  dims: Dims,
  keepdim: boolean,
): TensorImpl {
  refuseHalf(t.dtype, which);
  const all = wrapDims(dims, t.ndim);
  const isEmpty = all.some((d) => t.shape[d] === 0) || (t.ndim === 0 && t.count === 0);
  check(
    !isEmpty,
    () =>
      `a${which}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.`,
  );
  const step = betterOf[which];
  const extremes = fold(t, all, worstOf[which], (a, x) => (Number.isNaN(a) ? a : step(a, x)));
  return shapeSums(extremes, reducedShape(t.shape, all, keepdim), t.dtype);
}
/** Equal extremes share the gradient. */
const sharing = ({ save, saveResult }: Tracing, t: TensorImpl, dims: Dims, keepdim: boolean) => {
  const x = save(t);
  const y = saveResult();
  return (g: Gradient) => {
    const { shape } = x();
    const mask = run("eq.Tensor", x(), spread(y(), shape, dims, keepdim));
    const ties = run("sum.dim_IntList", mask, wrapDims(dims, shape.length), true);
    const each = run("div.Tensor", mask, ties);
    return [run("mul.Tensor", each, spread(g!, shape, dims, keepdim))];
  };
};
for (const which of ["max", "min"] as const) {
  define(
    `aten::a${which}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor`,
    (t, dims, keepdim) => extremeOver(which, t, dims, keepdim),
    { derivative: sharing },
  );
  define(`aten::${which}(Tensor self) -> Tensor`, (t) => extremeOver(which, t, null, false), {
    derivative: (tracing, t) => sharing(tracing, t, null, false),
  });
}

for (const [name, isAll] of [
  ["all", true],
  ["any", false],
] as const) {
  const truth = (t: TensorImpl, dims: Dims, keepdim: boolean) => {
    const all = wrapDims(dims, t.ndim);
    const extremes = fold(t, all, Number(isAll), (a, x) =>
      x !== 0 ? (isAll ? a : 1) : isAll ? 0 : a,
    );
    return shapeSums(
      extremes,
      reducedShape(t.shape, all, keepdim),
      t.dtype === "uint8" ? "uint8" : "bool",
    );
  };
  define(`aten::${name}(Tensor self) -> Tensor`, (t) => truth(t, null, false));
  define(
    `aten::${name}.dim(Tensor self, int dim, bool keepdim=False) -> Tensor`,
    (t, dim, keepdim) => truth(t, [dim], keepdim),
  );
}
define("aten::count_nonzero(Tensor self, int? dim=None) -> Tensor", (t: TensorImpl, dim) => {
  const all = dim === null ? wrapDims(null, t.ndim) : [wrapDim(dim, t.ndim)];
  const counts = fold(t, all, 0, (a, x) => a + Number(x !== 0));
  return shapeSums(counts, reducedShape(t.shape, all, false), "int64");
});

const notNan = (t: TensorImpl) => run("logical_not", run("isnan", t));
compose({
  "aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor": (t, p) => run("linalg_vector_norm", t, p),
  "aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor": (a, b, p) =>
    run("linalg_vector_norm", run("sub.Tensor", a, b), p),
  "aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor":
    (t, dim, keepdim, dtype) =>
      run("sum.dim_IntList", run("masked_fill.Scalar", t, run("isnan", t), 0), dim, keepdim, dtype),
  "aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor":
    (t, dim, keepdim, dtype) =>
      run(
        "div.Tensor",
        run("nansum", t, dim, keepdim, dtype),
        run("sum.dim_IntList", notNan(t), dim, keepdim),
      ),
  "aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor": (a, b, reduction) =>
    reducedLoss(run("square", run("sub.Tensor", a, b)), reduction),
  "aten::l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor": (a, b, reduction) =>
    reducedLoss(run("abs", run("sub.Tensor", a, b)), reduction),
});

/** 0: each element, 1: the mean, 2: the sum. */
function reducedLoss(losses: TensorImpl, reduction: number): TensorImpl {
  if (reduction === 0) return losses;
  return run(reduction === 2 ? "sum" : "mean", losses);
}
