// Along one dimension: softmax, running sums, sorting, ranks and searches.
import { type ElementName, isFloating } from "../dtype.js";
import { check, fail } from "../errors.js";
import { forLanes, laneOf, reducedShape } from "../kernel/lanes.js";
import { orderOf } from "../kernel/order.js";
import { compose, define, run, type Tracing } from "../operation.js";
import { wrapDim } from "../shape.js";
import { allocate, type Gradient, refuseHalf, type TensorImpl } from "../tensor.js";

function running(
  t: TensorImpl,
  dim: number,
  dtype: ElementName | null,
  start: number,
  step: (a: number, x: number) => number,
): TensorImpl {
  refuseHalf(t.dtype, "cumsum");
  const d = wrapDim(dim, t.ndim);
  const out = allocate(t.shape, dtype ?? (isFloating(t.dtype) ? t.dtype : "int64"));
  const { n, step: by } = laneOf(t, d);
  const to = laneOf(out, d).step;
  forLanes([out, t], d, ([i, j]) => {
    let sum = start;
    for (let k = 0; k < n; k++) {
      sum = step(sum, t.array[j + k * by]);
      out.array[i + k * to] = sum;
    }
  });
  return out;
}
define(
  "aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
  (t, dim, dtype) => running(t, dim, dtype, 0, (a, x) => a + x),
  {
    derivative: (_, __, dim) => (g) => [
      run("flip", run("cumsum", run("flip", g, [dim]), dim), [dim]),
    ],
  },
);
define(
  "aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
  (t, dim, dtype) => running(t, dim, dtype, 1, (a, x) => a * x),
);

/** Values and indices of every lane in order. */
function sortLanes(t: TensorImpl, dim: number, descending: boolean): [TensorImpl, TensorImpl] {
  refuseHalf(t.dtype, "sort");
  const d = wrapDim(dim, t.ndim);
  const values = allocate(t.shape, t.dtype);
  const indices = allocate(t.shape, "int64");
  const { n, step } = laneOf(t, d);
  const to = laneOf(values, d).step;
  const lane = new Float64Array(n);
  forLanes([values, t], d, ([i, j]) => {
    for (let k = 0; k < n; k++) lane[k] = t.array[j + k * step];
    const order = orderOf(lane, t.dtype === "float32", descending);
    for (let k = 0; k < n; k++) {
      values.array[i + k * to] = lane[order[k]];
      indices.array[i + k * to] = order[k];
    }
  });
  return [values, indices];
}

/** Puts a gradient where the chosen elements were. */
const scatterGradient = (dim: number, { saveResult }: Tracing, t: TensorImpl, keepdim = true) => {
  const { shape } = t;
  const index = saveResult(1);
  return (g: Gradient) => {
    if (!g) return [null];
    const zeros = run("zeros", shape, g.dtype);
    if (shape.length === 0) return [g];
    const [at, values] = keepdim
      ? [index(), g]
      : [run("unsqueeze", index(), dim), run("unsqueeze", g, dim)];
    return [run("scatter_add", zeros, dim, at, values)];
  };
};
define(
  "aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)",
  sortLanes,
  { derivative: (tracing, t, dim) => scatterGradient(dim, tracing, t) },
);
define(
  "aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)",
  (t: TensorImpl, k: number, dim: number, largest: boolean) => {
    const d = wrapDim(dim, t.ndim);
    check(k >= 0 && k <= (t.shape[d] ?? 1), "selected index k out of range");
    return sortLanes(t, dim, largest).map((r) =>
      t.ndim === 0 ? r : run("contiguous", run("narrow", r, d, 0, k)),
    );
  },
  { derivative: (tracing, t, _, dim) => scatterGradient(dim, tracing, t) },
);

/** Per lane an index, and the value there. */
function chosen(
  t: TensorImpl,
  dim: number,
  keepdim: boolean,
  choose: (lane: Float64Array) => number,
): [TensorImpl, TensorImpl] {
  refuseHalf(t.dtype, "max");
  const d = wrapDim(dim, t.ndim);
  const { n, step } = laneOf(t, d);
  if (n === 0) fail("ERR_TORCH_INDEX", `Expected reduction dim ${d} to have non-zero size.`);
  const shape = t.ndim === 0 ? [] : reducedShape(t.shape, [d], keepdim);
  const values = allocate(shape, t.dtype);
  const indices = allocate(shape, "int64");
  const lane = new Float64Array(n);
  let i = 0;
  forLanes([t], d, ([j]) => {
    for (let k = 0; k < n; k++) lane[k] = t.array[j + k * step];
    const at = choose(lane);
    values.array[i] = lane[at];
    indices.array[i++] = at;
  });
  return [values, indices];
}
const firstBest = (isBetter: (x: number, y: number) => boolean) => (lane: Float64Array) => {
  let bestOf = 0;
  for (let k = 1; k < lane.length && !Number.isNaN(lane[bestOf]); k++)
    if (isBetter(lane[k], lane[bestOf]) || Number.isNaN(lane[k])) bestOf = k;
  return bestOf;
};
const bestOf = { max: firstBest((x, y) => x > y), min: firstBest((x, y) => x < y) };
for (const which of ["max", "min"] as const) {
  define(
    `aten::${which}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`,
    (t, dim, keepdim) => chosen(t, dim, keepdim, bestOf[which]),
    { derivative: (tracing, t, dim, keepdim) => scatterGradient(dim, tracing, t, keepdim) },
  );
  define(
    `aten::arg${which}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor`,
    (t: TensorImpl, dim: number | null, keepdim: boolean) => {
      if (dim !== null) return chosen(t, dim, keepdim, bestOf[which])[1];
      if (t.count === 0)
        fail(
          "ERR_TORCH_INDEX",
          `arg${which}(): Expected reduction dim to be specified for input.numel() == 0.`,
        );
      const [, index] = chosen(run("reshape", t, [-1]), 0, false, bestOf[which]);
      return keepdim
        ? run(
            "reshape",
            index,
            t.shape.map(() => 1),
          )
        : index;
    },
  );
}

/** The place of the k-th smallest; of a NaN if there is any and `nanFirst`. */
const rankOf = (k: number, nanFirst: boolean) => (lane: Float64Array) => {
  const nan = lane.findIndex(Number.isNaN);
  if (nanFirst && nan >= 0) return nan;
  const sorted = lane.slice().sort();
  const isRank = Number.isNaN(sorted[k]) ? Number.isNaN : (x: number) => x === sorted[k];
  // Equal numbers keep their order.
  let before = k - sorted.findIndex(isRank);
  return lane.findIndex((x) => isRank(x) && before-- === 0);
};
const middle = (lane: Float64Array) => rankOf((lane.length - 1) >> 1, true)(lane);
define(
  "aten::median(Tensor self) -> Tensor",
  (t: TensorImpl) => {
    if (t.count === 0) return run("full", [], Number.NaN, t.dtype);
    return chosen(run("reshape", t, [-1]), 0, false, middle)[0];
  },
  {
    derivative: ({ save, saveResult }, t) => {
      const x = save(t);
      const y = saveResult();
      return (g) => {
        const mask = run("eq.Tensor", x(), y());
        return [run("mul.Tensor", run("div.Tensor", mask, run("sum", mask)), g)];
      };
    },
  },
);
define(
  "aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)",
  (t, dim, keepdim) => chosen(t, dim, keepdim, middle),
  { derivative: (tracing, t, dim, keepdim) => scatterGradient(dim, tracing, t, keepdim) },
);
define(
  "aten::kthvalue(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)",
  (t: TensorImpl, k: number, dim: number, keepdim: boolean) => {
    const n = t.shape[wrapDim(dim, t.ndim)] ?? 1;
    check(k >= 1 && k <= n, "kthvalue(): selected number k out of range for dimension");
    return chosen(t, dim, keepdim, rankOf(k - 1, false));
  },
  { derivative: (tracing, t, _, dim, keepdim) => scatterGradient(dim, tracing, t, keepdim) },
);
compose({
  "aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor": (t, dim, descending) =>
    run<TensorImpl[]>("sort", t, dim, descending)[1],
  "aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)": (
    t,
    dim,
    keepdim,
  ) => ["amin", "amax"].map((name) => run(name, t, dim === null ? [] : [dim], keepdim)),
});
