// Quantiles and counts.
import { check } from "../errors.js";
import { compose, define, run } from "../operation.js";
import { wrapDim } from "../shape.js";
import { allocate, type TensorImpl } from "../tensor.js";

function quantile(
  t: TensorImpl,
  q: TensorImpl,
  dim: number | null,
  keepdim: boolean,
  how: string,
): TensorImpl {
  check(how === "linear", () => `quantile(): interpolation ${how} needs libtorch; expected linear`);
  check(
    t.dtype === "float32" || t.dtype === "float64",
    "quantile() input tensor must be either float or double dtype",
  );
  check(q.dtype === t.dtype, "quantile() q tensor must be same dtype as the input tensor");
  check(t.count > 0, "quantile() input tensor must be non-empty");
  check(q.ndim <= 1, "quantile() q must be a scalar or 1D tensor");
  const flat = dim === null ? run("reshape", t, [-1]) : t;
  const d = wrapDim(dim ?? 0, flat.ndim);
  const last = run("transpose.int", flat, d, -1);
  const [sorted] = run<TensorImpl[]>("sort", last, -1, false);
  const n = sorted.shape.at(-1) ?? 1;
  const outside = run("any", run("logical_or", run("lt.Scalar", q, 0), run("gt.Scalar", q, 1)));
  check(outside.array[outside.offset] === 0, "quantile() q values must be in the range [0, 1]");
  const rank = run("mul.Scalar", run("reshape", q, [-1]), n - 1);
  const below = run("floor", rank);
  const above = run("clamp", run("add.Scalar", below, 1), null, n - 1);
  const pick = (at: TensorImpl) => run("index_select", sorted, -1, run("to.dtype", at, "int64"));
  const mixed = run("lerp.Tensor", pick(below), pick(above), run("sub.Tensor", rank, below));
  const hasNan = run("any.dim", run("isnan", sorted), -1, true);
  const safe = run("masked_fill.Scalar", mixed, hasNan, Number.NaN);
  let value = run("transpose.int", run("unsqueeze", safe, 0), 0, -1);
  // [q, …, 1]: the reduced dimension goes back to its place.
  value =
    keepdim && dim !== null
      ? run("transpose.int", value, d + 1, -1)
      : run("squeeze.dim", value, -1);
  if (keepdim && dim === null) value = run("reshape", value, [q.count, ...t.shape.map(() => 1)]);
  return q.ndim === 0 ? run("squeeze.dim", value, 0) : value;
}

compose({
  'aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor':
    quantile,
  'aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor':
    (t: TensorImpl, q: number, dim, keepdim, how) => {
      check(q >= 0 && q <= 1, `quantile() q must be in the range [0, 1] but got ${q}`);
      return quantile(t, run("full", [], q, t.dtype), dim, keepdim, how);
    },
});

define(
  "aten::bincount(Tensor self, Tensor? weights=None, int minlength=0) -> Tensor",
  (t: TensorImpl, weights: TensorImpl | null, least: number) => {
    check(t.ndim === 1, "bincount only supports 1-d non-negative integral inputs.");
    check(least >= 0, "minlength should be >= 0");
    check(
      !weights || weights.count === t.count,
      "weights should be 1-d and have the same length as input",
    );
    const x = run("contiguous", t);
    const w = weights && run("contiguous", run("to.dtype", weights, "float64"));
    let top = least;
    for (let i = 0; i < t.count; i++) {
      const value = x.array[x.offset + i];
      check(
        value >= 0 && Number.isInteger(value),
        "bincount only supports 1-d non-negative integral inputs.",
      );
      top = Math.max(top, value + 1);
    }
    const out = allocate([top], w ? "float64" : "int64");
    for (let i = 0; i < t.count; i++)
      out.array[x.array[x.offset + i]] += w ? w.array[w.offset + i] : 1;
    return out;
  },
  { unrecordable: "the shape of its result depends on the values" },
);
define(
  "aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor",
  (t: TensorImpl, bins: number, min, max) => {
    check(bins > 0, "bins must be > 0");
    const x = run("reshape", run("contiguous", t), [-1]);
    let low = Number(min);
    let high = Number(max);
    const ends = (name: string) => run(name, x).array[0];
    if (low === high && t.count > 0) [low, high] = [ends("min"), ends("max")];
    if (low === high) [low, high] = [low - 1, high + 1];
    check(low < high && Number.isFinite(high - low), "torch.histc: max must be larger than min");
    const out = allocate([bins], t.dtype);
    for (let i = 0; i < t.count; i++) {
      const value = x.array[x.offset + i];
      if (!(value >= low && value <= high)) continue;
      out.array[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]++;
    }
    return out;
  },
);
