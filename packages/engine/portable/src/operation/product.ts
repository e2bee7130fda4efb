// Products of vectors and matrices.
import { elementType, type ScalarNumber } from "../dtype.js";
import { check } from "../errors.js";
import { convert } from "../kernel/map.js";
import { multiplyInto } from "../kernel/product.js";
import { compose, define, run, type Tracing } from "../operation.js";
import { broadcastOf, countOf } from "../shape.js";
import {
  allocate,
  type Gradient,
  plainNumber,
  refuseHalf,
  type TensorImpl,
  viewOf,
} from "../tensor.js";

const list = (shape: readonly number[]) => shape.join("x");
function checkTypes(a: TensorImpl, b: TensorImpl): void {
  check(
    a.dtype === b.dtype,
    () =>
      `expected m1 and m2 to have the same dtype, but got: ${elementType(a.dtype).title} != ${elementType(b.dtype).title}`,
  );
  check(a.dtype !== "bool", "\"addmm_impl_cpu_\" not implemented for 'Bool'");
  refuseHalf(a.dtype, "mm");
}
function checkMatrices(a: TensorImpl, b: TensorImpl): void {
  check(a.ndim === 2, () => "mat1 must be a matrix");
  check(b.ndim === 2, () => "mat2 must be a matrix");
  check(
    a.shape[1] === b.shape[0],
    () => `mat1 and mat2 shapes cannot be multiplied (${list(a.shape)} and ${list(b.shape)})`,
  );
  checkTypes(a, b);
}

const transposeMatrix = (t: TensorImpl) => run("transpose.int", t, -2, -1);
/** Gradients of a product of the last two dimensions. */
const factors = (
  name: "mm" | "bmm",
  { save, needs }: Tracing,
  a: TensorImpl,
  b: TensorImpl,
  first = 0,
) => {
  const x = needs(first + 1) ? save(a) : null;
  const y = needs(first) ? save(b) : null;
  return (g: TensorImpl): Gradient[] => [
    y && run(name, g, transposeMatrix(y())),
    x && run(name, transposeMatrix(x()), g),
  ];
};

define(
  "aten::mm(Tensor self, Tensor mat2) -> Tensor",
  (a: TensorImpl, b: TensorImpl) => {
    check(a.ndim === 2, "self must be a matrix");
    checkMatrices(a, b);
    const out = allocate([a.shape[0], b.shape[1]], a.dtype);
    multiplyInto(out, a, b);
    return out;
  },
  {
    derivative: (tracing, a, b) => {
      const backward = factors("mm", tracing, a, b);
      return (g) => backward(g!);
    },
  },
);

const row = (t: TensorImpl, i: number) => {
  const [, ...shape] = t.shape;
  const [step, ...strides] = t.strides;
  return viewOf(t, shape, strides, t.offset + i * step);
};
function multiplyBatches(a: TensorImpl, b: TensorImpl): TensorImpl {
  check(a.ndim === 3 && b.ndim === 3, "batch1 must be a 3D tensor");
  check(
    a.shape[0] === b.shape[0] && a.shape[2] === b.shape[1],
    () =>
      `Expected size for first two dimensions of batch2 tensor to be: [${a.shape[0]}, ${a.shape[2]}] but got: [${b.shape[0]}, ${b.shape[1]}].`,
  );
  checkTypes(a, b);
  const out = allocate([a.shape[0], a.shape[1], b.shape[2]], a.dtype);
  for (let i = 0; i < a.shape[0]; i++) multiplyInto(row(out, i), row(a, i), row(b, i));
  return out;
}
define("aten::bmm(Tensor self, Tensor mat2) -> Tensor", multiplyBatches, {
  derivative: (tracing, a, b) => {
    const backward = factors("bmm", tracing, a, b);
    return (g) => backward(g!);
  },
});

/** beta self + alpha a b. */
function sumOf(out: TensorImpl, self: TensorImpl, factor: number): TensorImpl {
  // A beta of 0 ignores even NaN.
  if (factor === 0) return out;
  return run("add_.Tensor", out, run("expand", self, out.shape), factor);
}
const weights = "*, Scalar beta=1, Scalar alpha=1";
function addmm(
  self: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  beta: ScalarNumber,
  alpha: ScalarNumber,
): TensorImpl {
  checkMatrices(a, b);
  check(self.dtype === a.dtype, "self and mat2 must have the same dtype");
  const shape = [a.shape[0], b.shape[1]];
  const out = allocate(shape, a.dtype);
  const factor = plainNumber(beta);
  if (factor !== 0) convert(out, run("expand", self, shape));
  multiplyInto(out, a, b, plainNumber(alpha), factor);
  return out;
}
const addmmSlope = (
  tracing: Tracing,
  _: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  beta: ScalarNumber,
  alpha: ScalarNumber,
) => {
  const backward = factors("mm", tracing, a, b, 1);
  const scaled = (g: TensorImpl, by: ScalarNumber) => (by === 1 ? g : run("mul.Scalar", g, by));
  return (g: Gradient) => [scaled(g!, beta), ...backward(scaled(g!, alpha))];
};
define(`aten::addmm(Tensor self, Tensor mat1, Tensor mat2, ${weights}) -> Tensor`, addmm, {
  derivative: addmmSlope,
});
define(
  `aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, ${weights}) -> Tensor(a!)`,
  (self: TensorImpl, a, b, beta, alpha) => {
    check(
      `${self.shape}` === `${[a.shape[0], b.shape[1]]}`,
      "The input tensor must be of the product's shape",
    );
    checkMatrices(a, b);
    check(self.dtype === a.dtype, "self and mat2 must have the same dtype");
    multiplyInto(self, a, b, plainNumber(alpha), plainNumber(beta));
    return self;
  },
  { derivative: addmmSlope },
);
define(
  `aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, ${weights}) -> Tensor`,
  (self, a, b, beta, alpha) =>
    sumOf(run("mul.Scalar", multiplyBatches(a, b), alpha), self, plainNumber(beta)),
  {
    derivative: (tracing, _, a, b, beta, alpha) => {
      const backward = factors("bmm", tracing, a, b, 1);
      return (g) => [run("mul.Scalar", g, beta), ...backward(run("mul.Scalar", g, alpha))];
    },
  },
);

const column = (t: TensorImpl) => run("unsqueeze", t, -1);
function checkVectors(name: string, a: TensorImpl, b: TensorImpl): void {
  check(
    a.ndim === 1 && b.ndim === 1,
    () => `1D tensors expected, but got ${a.ndim}D and ${b.ndim}D tensors`,
  );
  check(
    a.count === b.count,
    () =>
      `inconsistent tensor size, expected tensor [${a.shape}] and src [${b.shape}] to have the same number of elements, but got ${a.count} and ${b.count} elements respectively`,
  );
  check(a.dtype === b.dtype, `${name} : expected both vectors to have same dtype`);
}
const dot = (a: TensorImpl, b: TensorImpl) => {
  checkVectors("dot", a, b);
  return run("reshape", run("mm", run("unsqueeze", a, 0), column(b)), []);
};
compose({
  "aten::mv(Tensor self, Tensor vec) -> Tensor": (a: TensorImpl, x: TensorImpl) => {
    check(
      a.ndim === 2 && x.ndim === 1 && a.shape[1] === x.shape[0],
      () => `size mismatch, got input (${a.shape[0]}), mat (${list(a.shape)}), vec (${x.shape[0]})`,
    );
    return run("squeeze.dim", run("mm", a, column(x)), -1);
  },
  [`aten::addmv(Tensor self, Tensor mat, Tensor vec, ${weights}) -> Tensor`]: (
    self: TensorImpl,
    a: TensorImpl,
    x: TensorImpl,
    beta,
    alpha,
  ) => {
    check(
      a.ndim === 2 && x.ndim === 1 && a.shape[1] === x.shape[0],
      () => `size mismatch, got input (${self.shape}), mat (${list(a.shape)}), vec (${x.shape[0]})`,
    );
    check(self.ndim <= 1, "vector + matrix @ vector expected");
    const start = column(run("expand", self, [a.shape[0]]));
    return run("squeeze.dim", run("addmm", start, a, column(x), beta, alpha), -1);
  },
  "aten::dot(Tensor self, Tensor tensor) -> Tensor": dot,
  "aten::vdot(Tensor self, Tensor other) -> Tensor": dot,
  "aten::outer(Tensor self, Tensor vec2) -> Tensor": (a: TensorImpl, b: TensorImpl) => {
    check(
      a.ndim === 1 && b.ndim === 1,
      () => `outer: Expected 1-D argument self, but got ${a.ndim}-D`,
    );
    return run("mul.Tensor", column(a), b);
  },
  "aten::matmul(Tensor self, Tensor other) -> Tensor": matmul,
  "aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor": linear,
  "aten::trace(Tensor self) -> Tensor": (t: TensorImpl) => {
    check(t.ndim === 2, "trace: expected a matrix");
    return run("sum", run("diagonal", t));
  },
  "aten::inner(Tensor self, Tensor other) -> Tensor": (a: TensorImpl, b: TensorImpl) => {
    if (a.ndim === 0 || b.ndim === 0) return run("mul.Tensor", a, b);
    check(
      a.shape.at(-1) === b.shape.at(-1),
      "inner() the last dimension must match on both input tensors",
    );
    const flat = (t: TensorImpl) => run("reshape", t, [-1, t.shape.at(-1)!]);
    const product = run("mm", flat(a), run("t", flat(b)));
    return run("reshape", product, [...a.shape.slice(0, -1), ...b.shape.slice(0, -1)]);
  },
});

function linear(x: TensorImpl, weight: TensorImpl, bias: TensorImpl | null): TensorImpl {
  if (!bias) return run("matmul", x, weight.ndim < 2 ? weight : run("t", weight));
  check(x.ndim > 0, "both arguments to linear need to be at least 1D");
  if (x.ndim === 2) return run("addmm", bias, x, run("t", weight));
  const flat = run("reshape", x, [-1, x.shape.at(-1)!]);
  const y = run("addmm", bias, flat, run("t", weight));
  return run("view", y, [...x.shape.slice(0, -1), weight.shape[0]]);
}

function matmul(a: TensorImpl, b: TensorImpl): TensorImpl {
  check(
    a.ndim > 0 && b.ndim > 0,
    () => `both arguments to matmul need to be at least 1D, but they are ${a.ndim}D and ${b.ndim}D`,
  );
  if (a.ndim === 1 && b.ndim === 1) return dot(a, b);
  if (a.ndim === 2 && b.ndim === 1) return run("mv", a, b);
  if (a.ndim === 1) return run("squeeze.dim", run("matmul", run("unsqueeze", a, 0), b), -2);
  if (b.ndim === 1) return run("squeeze.dim", run("matmul", a, column(b)), -1);
  if (a.ndim === 2 && b.ndim === 2) return run("mm", a, b);
  if (b.ndim === 2) {
    const y = run("mm", run("reshape", a, [-1, a.shape.at(-1)!]), b);
    return run("view", y, [...a.shape.slice(0, -1), b.shape[1]]);
  }
  const batch = broadcastOf(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const stacked = (t: TensorImpl) => {
    const matrix = t.shape.slice(-2);
    return run("reshape", run("expand", t, [...batch, ...matrix]), [countOf(batch), ...matrix]);
  };
  const y = run("bmm", stacked(a), stacked(b));
  return run("view", y, [...batch, a.shape.at(-2)!, b.shape.at(-1)!]);
}

define(
  "aten::kron(Tensor self, Tensor other) -> Tensor",
  (a: TensorImpl, b: TensorImpl) => {
    const n = Math.max(a.ndim, b.ndim);
    const full = (t: TensorImpl) => [...new Array<number>(n - t.ndim).fill(1), ...t.shape];
    const s = full(a);
    const r = full(b);
    const left = run(
      "reshape",
      a,
      s.flatMap((size) => [size, 1]),
    );
    const right = run(
      "reshape",
      b,
      r.flatMap((size) => [1, size]),
    );
    return run(
      "reshape",
      run("mul.Tensor", left, right),
      s.map((size, d) => size * r[d]),
    );
  },
  { isComposite: true },
);
