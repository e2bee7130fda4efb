// Distances between rows, and covariances.
import { isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { compose, define, run } from "../operation.js";
import { broadcastOf, countOf } from "../shape.js";
import { allocate, type TensorImpl } from "../tensor.js";

/** Σ|x − y|ᵖ of rows to the 1/p; p may be 0 (how many differ) or ∞. */
function distance(
  x: ArrayLike<number>,
  i: number,
  y: ArrayLike<number>,
  [j, n, p]: readonly [number, number, number],
): number {
  let sum = 0;
  if (p === 2) {
    for (let k = 0; k < n; k++) sum += (x[i + k] - y[j + k]) ** 2;
    return Math.sqrt(sum);
  }
  for (let k = 0; k < n; k++) {
    const d = Math.abs(x[i + k] - y[j + k]);
    if (p === Number.POSITIVE_INFINITY) sum = Math.max(sum, d);
    else sum += p === 0 ? Number(d !== 0) : p === 1 ? d : d ** p;
  }
  return p === 0 || p === 1 || p === Number.POSITIVE_INFINITY ? sum : sum ** (1 / p);
}

interface PairedRows {
  x: TensorImpl;
  y: TensorImpl;
  batch: readonly number[];
}
function rowsOf(a: TensorImpl, b: TensorImpl): PairedRows {
  check(a.ndim >= 2 && b.ndim >= 2, "cdist only supports at least 2D tensors, X1 got: 1D");
  check(
    a.shape.at(-1) === b.shape.at(-1),
    () =>
      `X1 and X2 must have the same number of columns. X1: ${a.shape.at(-1)} X2: ${b.shape.at(-1)}`,
  );
  check(
    isFloating(a.dtype) && a.dtype === b.dtype,
    () => `cdist only supports floating-point dtypes, X1 got: ${a.dtype}`,
  );
  const batch = broadcastOf(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const dense = (t: TensorImpl) =>
    run("contiguous", run("expand", t, [...batch, ...t.shape.slice(-2)]));
  return { x: dense(a), y: dense(b), batch };
}

define(
  "aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor",
  (a: TensorImpl, b: TensorImpl, p: number) => {
    check(p >= 0, "cdist only supports non-negative p values");
    const { x, y, batch } = rowsOf(a, b);
    const m = a.shape.at(-2)!;
    const n = b.shape.at(-2)!;
    const width = a.shape.at(-1)!;
    const out = allocate([...batch, m, n], a.dtype);
    const place: [number, number, number] = [0, width, p];
    let at = 0;
    for (let k = 0; k < countOf(batch); k++)
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          place[0] = y.offset + (k * n + j) * width;
          out.array[at++] = distance(x.array, x.offset + (k * m + i) * width, y.array, place);
        }
    return out;
  },
  {
    derivative: ({ save, saveResult, needs }, a, b, p: number) => {
      const x = save(a);
      const y = save(b);
      const d = saveResult();
      const first = needs(0);
      const second = needs(1);
      return (g) => {
        const turn = (t: TensorImpl) => run("transpose.int", t, -2, -1);
        const of = (grad: TensorImpl, from: TensorImpl, to: TensorImpl, distances: TensorImpl) =>
          run(
            "dsbm::cdist_backward",
            run("contiguous", grad),
            from,
            to,
            run("contiguous", distances),
            p,
          );
        return [
          first ? of(g!, x(), y(), d()) : null,
          second ? of(turn(g!), y(), x(), turn(d())) : null,
        ];
      };
    },
  },
);

/** Of one term |x − y|ᵖ, by the distance d: its share of the gradient. */
function gradientShare(x: number, d: number, p: number): number {
  if (d === 0 || p === 0) return 0;
  if (p === 1) return Math.sign(x);
  if (p === 2) return x / d;
  if (p === Number.POSITIVE_INFINITY) return Math.abs(x) === d ? Math.sign(x) : 0;
  return Math.sign(x) * (Math.abs(x) / d) ** (p - 1);
}
define(
  "dsbm::cdist_backward(Tensor grad, Tensor x1, Tensor x2, Tensor distances, float p) -> Tensor",
  (g: TensorImpl, a: TensorImpl, b: TensorImpl, distances: TensorImpl, p: number) => {
    const { x, y, batch } = rowsOf(a, b);
    const m = a.shape.at(-2)!;
    const n = b.shape.at(-2)!;
    const width = a.shape.at(-1)!;
    const out = allocate([...batch, m, width], a.dtype);
    const sums = new Float64Array(width);
    for (let i = 0; i < countOf(batch) * m; i++) {
      sums.fill(0);
      const other = y.offset + Math.floor(i / m) * n * width;
      for (let j = 0; j < n; j++) {
        const weight = g.array[g.offset + i * n + j];
        const d = distances.array[distances.offset + i * n + j];
        for (let k = 0; k < width; k++)
          sums[k] +=
            weight *
            gradientShare(x.array[x.offset + i * width + k] - y.array[other + j * width + k], d, p);
      }
      out.array.set(sums, i * width);
    }
    return out;
  },
);

/** Indices of the pairs i < j of n rows, in order. */
function pairsOf(n: number): [TensorImpl, TensorImpl] {
  const total = (n * (n - 1)) / 2;
  const both = [allocate([total], "int64"), allocate([total], "int64")] as [TensorImpl, TensorImpl];
  let at = 0;
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++) {
      both[0].array[at] = i;
      both[1].array[at++] = j;
    }
  return both;
}
define(
  "aten::pdist(Tensor self, float p=2.) -> Tensor",
  (t: TensorImpl, p: number) => {
    check(t.ndim === 2, () => `pdist only supports 2D tensors, got: ${t.ndim}D`);
    check(isFloating(t.dtype), "pdist only supports floating-point dtypes");
    check(p >= 0, "pdist only supports non-negative p values");
    const x = run("contiguous", t);
    const [n, width] = t.shape;
    const out = allocate([Math.max(0, (n * (n - 1)) / 2)], t.dtype);
    const place: [number, number, number] = [0, width, p];
    let at = 0;
    for (let i = 0; i < n; i++)
      for (let j = i + 1; j < n; j++) {
        place[0] = x.offset + j * width;
        out.array[at++] = distance(x.array, x.offset + i * width, x.array, place);
      }
    return out;
  },
  {
    derivative: ({ save, saveResult }, t, p: number) => {
      const x = save(t);
      const d = saveResult();
      return (g) => {
        const n = x().shape[0];
        const [rows, columns] = pairsOf(n);
        const full = (values: TensorImpl) =>
          run("index_put_", run("zeros", [n, n], values.dtype), [rows, columns], values, false);
        const both = (values: TensorImpl) => {
          const upper = full(values);
          return run("add.Tensor", upper, run("t", upper));
        };
        return [run("dsbm::cdist_backward", both(g!), x(), x(), both(d()), p)];
      };
    },
  },
);

compose({
  "aten::cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor":
    (t: TensorImpl, correction: number, fweights, aweights) => {
      check(!fweights && !aweights, "cov: weights need libtorch");
      check(
        t.ndim <= 2,
        () =>
          `cov(): expected input to have two or fewer dimensions but got an input with ${t.ndim} dimensions`,
      );
      const x = t.ndim < 2 ? run("reshape", t, [1, -1]) : t;
      const n = x.shape[1];
      const centred = run("sub.Tensor", x, run("mean.dim", x, [1], true));
      const product = run("mm", centred, run("t", centred));
      const out = run("div.Scalar", product, Math.max(0, n - correction));
      return t.ndim < 2 ? run("reshape", out, []) : out;
    },
  "aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor":
    (a, b, p, eps, keepdim) =>
      run("linalg_vector_norm", run("add.Scalar", run("sub.Tensor", a, b), eps), p, [-1], keepdim),
});
