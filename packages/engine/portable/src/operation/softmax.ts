// Softmax, its logarithm, and the logarithm of sums of exponentials.
import { elementType, isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { forLanes, laneOf, reducedShape } from "../kernel/lanes.js";
import { vectorisedLogSumExp, vectorisedSoftmax } from "../kernel/vectorised.js";
import { define, run } from "../operation.js";
import { wrapDim, wrapDims } from "../shape.js";
import { allocate, refuseHalf, type TensorImpl } from "../tensor.js";
import { spread } from "./reduction.js";

/** log Σ exp of a lane; −∞ of −∞ alone, as libtorch has it. */
function logSumExp(x: ArrayLike<number>, at: number, step: number, n: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < n; k++) top = Math.max(top, x[at + k * step]);
  if (Math.abs(top) === Number.POSITIVE_INFINITY) return top;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += Math.exp(x[at + k * step] - top);
  return top + Math.log(sum);
}

function softmax(t: TensorImpl, dim: number, isLog: boolean): TensorImpl {
  const name = isLog ? "log_softmax" : "softmax";
  check(
    isFloating(t.dtype),
    () => `"${name}_lastdim_kernel_impl" not implemented for '${elementType(t.dtype).title}'`,
  );
  refuseHalf(t.dtype, name);
  const d = wrapDim(dim, t.ndim);
  const out = allocate(t.shape, t.dtype);
  if (d === t.ndim - 1 && !isLog && vectorisedSoftmax(out, t)) return out;
  const x = t.array;
  const y = out.array;
  const { n, step } = laneOf(t, d);
  const to = laneOf(out, d).step;
  forLanes([out, t], d, ([i, j]) => {
    // Lanes of −∞ alone and with ∞ have no softmax.
    const log = logSumExp(x, j, step, n);
    const shift = Math.abs(log) === Number.POSITIVE_INFINITY ? Number.NaN : log;
    for (let k = 0; k < n; k++) {
      const z = x[j + k * step] - shift;
      y[i + k * to] = isLog ? z : Math.exp(z);
    }
  });
  return out;
}
define(
  "aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
  (t, dim) => softmax(t, dim, false),
  {
    derivative: ({ saveResult }, _, dim) => {
      const y = saveResult();
      return (g) => {
        const by = run("mul.Tensor", g, y());
        const total = run("sum.dim_IntList", by, [dim], true);
        return [run("sub.Tensor", by, run("mul.Tensor", y(), total))];
      };
    },
  },
);
define(
  "aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor",
  (t, dim) => softmax(t, dim, true),
  {
    derivative: ({ saveResult }, _, dim) => {
      const y = saveResult();
      return (g) => {
        const total = run("sum.dim_IntList", g, [dim], true);
        return [run("sub.Tensor", g, run("mul.Tensor", run("exp", y()), total))];
      };
    },
  },
);
for (const name of ["softmax", "log_softmax"])
  define(
    `aten::${name}.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor`,
    (t, dim, dtype) => run(`_${name}`, dtype ? run("to.dtype", t, dtype) : t, dim, false),
    { isComposite: true },
  );

define(
  "aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
  (t: TensorImpl, dims: readonly number[], keepdim: boolean) => {
    const x = isFloating(t.dtype) ? t : run("to.dtype", t, "float32");
    refuseHalf(x.dtype, "logsumexp");
    const all = wrapDims(dims, x.ndim);
    const kept = reducedShape(x.shape, all, true);
    const order = [...x.shape.keys()].filter((d) => !all.includes(d));
    const lanes = run("reshape", run("permute", x, [...order, ...all]), [
      ...order.map((d) => x.shape[d]),
      -1,
    ]);
    const out = allocate(reducedShape(x.shape, all, keepdim), x.dtype);
    const { n, step } = laneOf(lanes, lanes.ndim - 1);
    let i = 0;
    if (kept.includes(0)) return out;
    if (vectorisedLogSumExp(out, run("contiguous", lanes))) return out;
    forLanes([lanes], lanes.ndim - 1, ([j]) => {
      out.array[i++] = logSumExp(lanes.array, j, step, n);
    });
    return out;
  },
  {
    derivative: ({ save, saveResult }, t, dims, keepdim) => {
      const x = save(t);
      const y = saveResult();
      return (g) => {
        const { shape } = x();
        const total = spread(y(), shape, dims, keepdim);
        const finite = run(
          "masked_fill.Scalar",
          total,
          run("eq.Scalar", total, Number.NEGATIVE_INFINITY),
          0,
        );
        const share = run("exp", run("sub.Tensor", x(), finite));
        return [run("mul.Tensor", share, spread(g!, shape, dims, keepdim))];
      };
    },
  },
);
