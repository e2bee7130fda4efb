// Variances and norms.
import { type ElementName, elementType, isFloating, type ScalarNumber } from "../dtype.js";
import { check, fail } from "../errors.js";
import { fold, reducedShape } from "../kernel/lanes.js";
import { compose, define, run, type Tracing } from "../operation.js";
import { countOf, wrapDims } from "../shape.js";
import { type Gradient, plainNumber, refuseHalf, type TensorImpl } from "../tensor.js";
import { type Dims, extremeOver, shapeSums, spread } from "./reduction.js";

/** Two passes: the mean, then squares of the distances from it. */
function variance(
  t: TensorImpl,
  dims: Dims,
  correction: ScalarNumber | null,
  keepdim: boolean,
): TensorImpl {
  check(isFloating(t.dtype), "std and var only support floating point and complex dtypes");
  refuseHalf(t.dtype, "var");
  const all = wrapDims(dims, t.ndim);
  const n = countOf(all.map((d) => t.shape[d]));
  const mean = run("expand", run("mean.dim", run("to.dtype", t, "float64"), all, true), t.shape);
  const distance = run("sub.Tensor", t, mean);
  const wide = run("square", run("to.dtype", distance, "float64"));
  const freedom = Math.max(0, n - plainNumber(correction ?? 1));
  const sums = fold(wide, all, 0, (a, x) => a + x).map((sum) => sum / freedom);
  return shapeSums(sums, reducedShape(t.shape, all, keepdim), t.dtype);
}
const varianceSlope = (
  { save }: Tracing,
  t: TensorImpl,
  dims: Dims,
  correction: ScalarNumber | null,
  keepdim: boolean,
) => {
  const x = save(t);
  return (g: Gradient) => {
    const all = wrapDims(dims, x().ndim);
    const freedom = countOf(all.map((d) => x().shape[d])) - plainNumber(correction ?? 1);
    const centred = run("sub.Tensor", x(), run("mean.dim", x(), all, true));
    const along = run("mul.Tensor", spread(g!, x().shape, dims, keepdim), centred);
    return [run("mul.Scalar", along, 2 / freedom)];
  };
};
const moments = "(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False)";
define(`aten::var.correction${moments} -> Tensor`, variance, { derivative: varianceSlope });
define(
  `aten::std.correction${moments} -> Tensor`,
  (...args: Parameters<typeof variance>) => run("sqrt", variance(...args)),
  {
    derivative: (tracing, t, dims, correction, keepdim) => {
      const y = tracing.saveResult();
      const slope = varianceSlope(tracing, t, dims, correction, keepdim);
      return (g) => {
        const by = run("div.Tensor", g, run("mul.Scalar", y(), 2));
        // A spread of 0 has no direction.
        return slope(run("masked_fill.Scalar", by, run("eq.Scalar", y(), 0), 0));
      };
    },
  },
);

/** Σ|x|ᵖ to the 1/p; 0 counts, ∞ and −∞ are the extremes. */
function norm(
  t: TensorImpl,
  ord: ScalarNumber,
  dims: Dims,
  keepdim: boolean,
  dtype: ElementName | null,
): TensorImpl {
  const type = dtype ?? t.dtype;
  check(
    isFloating(type),
    () =>
      `linalg.vector_norm: Expected a floating point or complex tensor as input. Got ${elementType(type).title}`,
  );
  refuseHalf(t.dtype, "norm");
  const p = plainNumber(ord);
  const all = wrapDims(dims, t.ndim);
  const shape = reducedShape(t.shape, all, keepdim);
  if (Math.abs(p) === Number.POSITIVE_INFINITY) {
    const which = p > 0 ? "max" : "min";
    return run("to.dtype", extremeOver(which, run("abs", t), dims, keepdim), type);
  }
  if (p === 0)
    return shapeSums(
      fold(t, all, 0, (a, x) => a + Number(x !== 0)),
      shape,
      type,
    );
  const powers =
    p === 2
      ? fold(t, all, 0, (a, x) => a + x * x).map(Math.sqrt)
      : fold(t, all, 0, (a, x) => a + Math.abs(x) ** p).map((sum) => sum ** (1 / p));
  return shapeSums(powers, shape, type);
}
const normSlope = (
  { save, saveResult }: Tracing,
  t: TensorImpl,
  ord: ScalarNumber,
  dims: Dims,
  keepdim: boolean,
) => {
  const x = save(t);
  const y = saveResult();
  const p = plainNumber(ord);
  if (p === 0 || !Number.isFinite(p))
    return () =>
      fail("ERR_TORCH_NOT_IMPLEMENTED", `the derivative of the norm of order ${p} needs libtorch`);
  return (g: Gradient) => {
    const { shape } = x();
    const total = spread(y(), shape, dims, keepdim);
    const along =
      p === 2
        ? x()
        : run("mul.Tensor", run("sign", x()), run("pow.Tensor_Scalar", run("abs", x()), p - 1));
    const share = run(
      "div.Tensor",
      along,
      p === 2 ? total : run("pow.Tensor_Scalar", total, p - 1),
    );
    const safe = run("masked_fill.Scalar", share, run("eq.Scalar", total, 0), 0);
    return [run("mul.Tensor", safe, spread(g!, shape, dims, keepdim))];
  };
};
define(
  "aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
  norm,
  { derivative: normSlope },
);

compose({
  [`aten::std_mean.correction${moments} -> (Tensor, Tensor)`]: (t, dim, correction, keepdim) => [
    run("std.correction", t, dim, correction, keepdim),
    run("mean.dim", t, dim, keepdim),
  ],
  [`aten::var_mean.correction${moments} -> (Tensor, Tensor)`]: (t, dim, correction, keepdim) => [
    run("var.correction", t, dim, correction, keepdim),
    run("mean.dim", t, dim, keepdim),
  ],
});
