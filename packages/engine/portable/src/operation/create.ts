// New tensors: filled, counted, copied and converted.

import { fromBytes } from "../bytes.js";
import { type ElementName, isFloating, type ScalarNumber, scalarType } from "../dtype.js";
import { check, fail } from "../errors.js";
import { convert } from "../kernel/map.js";
import { compose, define, run } from "../operation.js";
import { broadcastOf, countOf, isSameShape, rowMajor } from "../shape.js";
import { Storage } from "../storage.js";
import { allocate, plainNumber, type Sizes, TensorImpl } from "../tensor.js";

type DeviceName = "cpu" | "meta" | null;

const options =
  "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";
const layout = `${options}, MemoryFormat? memory_format=None`;

function allocateOn(size: Sizes, dtype: ElementName, device: DeviceName): TensorImpl {
  const negative = size.find((n) => n < 0);
  check(
    negative === undefined,
    () => `Trying to create tensor with negative dimension ${negative}: [${size.join(", ")}]`,
  );
  check(countOf(size) < 2 ** 53, "Storage size calculation overflowed");
  if (device !== "meta") return allocate(size, dtype);
  const t = new TensorImpl(new Storage(new Float32Array(0)), dtype, size, rowMajor(size), 0);
  t.isMeta = true;
  return t;
}
function fillNew(t: TensorImpl, value: ScalarNumber): TensorImpl {
  const number = plainNumber(value);
  if (!Object.is(number, 0)) t.array.fill(t.dtype === "bool" ? 1 : number);
  return t;
}
const constant =
  (value: number) => (size: Sizes, dtype: ElementName | null, _: unknown, device: DeviceName) =>
    fillNew(allocateOn(size, dtype ?? "float32", device), value);
const noGradient = { derivative: null };

for (const [name, value] of [
  ["zeros", 0],
  ["ones", 1],
] as const) {
  define(`aten::${name}(SymInt[] size, *, ${options}) -> Tensor`, constant(value));
  define(
    `aten::${name}_like(Tensor self, *, ${layout}) -> Tensor`,
    (t, dtype) => fillNew(allocateOn(t.shape, dtype ?? t.dtype, null), value),
    noGradient,
  );
  define(
    `aten::new_${name}(Tensor self, SymInt[] size, *, ${options}) -> Tensor`,
    (t, size, dtype) => fillNew(allocateOn(size, dtype ?? t.dtype, null), value),
    noGradient,
  );
}
define(
  "aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor",
  constant(0),
);
define(
  `aten::empty_like(Tensor self, *, ${layout}) -> Tensor`,
  (t, dtype) => allocateOn(t.shape, dtype ?? t.dtype, null),
  noGradient,
);
define(
  `aten::new_empty(Tensor self, SymInt[] size, *, ${options}) -> Tensor`,
  (t, size, dtype) => allocateOn(size, dtype ?? t.dtype, null),
  noGradient,
);
const typeOfFill = (value: ScalarNumber) => {
  const type = scalarType(value);
  return type === "float64" ? "float32" : type;
};
define(
  `aten::full(SymInt[] size, Scalar fill_value, *, ${options}) -> Tensor`,
  (size, value, dtype, _, device) =>
    fillNew(allocateOn(size, dtype ?? typeOfFill(value), device), value),
);
define(
  `aten::full_like(Tensor self, Scalar fill_value, *, ${layout}) -> Tensor`,
  (t, value, dtype) => fillNew(allocateOn(t.shape, dtype ?? t.dtype, null), value),
  noGradient,
);
define(
  `aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ${options}) -> Tensor`,
  (t, size, value, dtype) => fillNew(allocateOn(size, dtype ?? t.dtype, null), value),
  noGradient,
);
define(`aten::eye(SymInt n, *, ${options}) -> Tensor`, (n: number, dtype, _, device) => {
  check(n >= 0, `n must be greater or equal to 0, got ${n}`);
  const t = allocateOn([n, n], dtype ?? "float32", device);
  for (let i = 0; i < n; i++) t.array[i * n + i] = 1;
  return t;
});
define(
  `aten::arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ${options}) -> Tensor`,
  (from, to, by, dtype: ElementName | null, _, device) => {
    const [start, end, step] = [from, to, by].map(plainNumber);
    check(step !== 0, "step must be nonzero");
    check(Number.isFinite(start) && Number.isFinite(end), `unsupported range: ${start} -> ${end}`);
    check(
      Math.sign(end - start) * Math.sign(step) >= 0,
      "upper bound and lower bound inconsistent with step sign",
    );
    const n = Math.ceil((end - start) / step);
    const isWhole = [start, end, step].every((x) => scalarType(x) === "int64");
    const t = allocateOn([n], dtype ?? (isWhole ? "int64" : "float32"), device);
    for (let i = 0; i < n; i++) t.array[i] = start + i * step;
    return t;
  },
);
define(
  `aten::linspace(Scalar start, Scalar end, int steps, *, ${options}) -> Tensor`,
  (from, to, steps: number, dtype, _, device) => {
    check(steps >= 0, "number of steps must be non-negative");
    const start = plainNumber(from);
    const end = plainNumber(to);
    const t = allocateOn([steps], dtype ?? "float32", device);
    const step = (end - start) / (steps - 1 || 1);
    // From both ends, so that both are exact.
    for (let i = 0; i < steps; i++)
      t.array[i] = i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step;
    return t;
  },
);

/** A row-major copy in that type. */
function copyTo(t: TensorImpl, dtype: ElementName): TensorImpl {
  const out = allocate(t.shape, dtype);
  convert(out, t);
  return out;
}
define(
  "aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor",
  (t) => copyTo(t, t.dtype),
  { derivative: () => (g) => [g] },
);
define(
  `aten::_to_copy(Tensor self, *, ${options}, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor`,
  (t, dtype) => copyTo(t, dtype ?? t.dtype),
  { derivative: () => (g) => [g] },
);
function convertTo(
  t: TensorImpl,
  dtype: ElementName | null,
  device: DeviceName,
  copy: boolean,
): TensorImpl {
  if (device === "meta") fail("ERR_TORCH_NOT_IMPLEMENTED", "to: the device meta needs libtorch");
  const isSame = dtype === null || dtype === t.dtype;
  return isSame && !copy ? t : run("_to_copy", t, dtype);
}
compose({
  "aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)":
    (t, dtype, _, copy) => convertTo(t, dtype, null, copy),
  "aten::to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)":
    (t, dtype, _, device, __, ___, copy) => convertTo(t, dtype, device, copy),
  "aten::is_leaf(Tensor self) -> bool": (t: TensorImpl) => t.history === null,
});

define(
  "aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)",
  (t: TensorImpl, from: TensorImpl) => {
    const shape = broadcastOf(t.shape, from.shape);
    check(
      isSameShape(shape, t.shape),
      () =>
        `output with shape [${t.shape.join(", ")}] doesn't match the broadcast shape [${shape.join(", ")}]`,
    );
    const isShared = from.storage === t.storage && from !== t;
    convert(t, isShared ? copyTo(from, from.dtype) : from);
    return t;
  },
  { derivative: () => (g) => [run("zeros_like", g), g] },
);
const fill = (t: TensorImpl, number: number) => {
  const value =
    t.dtype === "bool" ? Number(number !== 0) : isFloating(t.dtype) ? number : Math.trunc(number);
  const one = new TensorImpl(new Storage(Float64Array.of(value)), t.dtype, [], [], 0);
  if (t.isDense) t.array.fill(value, t.offset, t.offset + t.count);
  else convert(t, one);
  return t;
};
const zeroGradient = { derivative: () => (g: TensorImpl | null) => [run("zeros_like", g)] };
define(
  "aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)",
  (t, value) => fill(t, plainNumber(value)),
  zeroGradient,
);
define(
  "aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)",
  (t: TensorImpl, value: TensorImpl) => {
    check(
      value.ndim === 0,
      () =>
        `fill_ only supports 0-dimension value tensor but got tensor with ${value.ndim} dimensions.`,
    );
    return fill(t, value.array[value.offset]);
  },
  { derivative: () => (g) => [run("zeros_like", g), run("sum", g)] },
);
define("aten::zero_(Tensor(a!) self) -> Tensor(a!)", (t) => fill(t, 0), zeroGradient);

define(
  `aten::from_file(str filename, bool? shared=None, int? size=0, *, ${options}) -> Tensor`,
  (path: string, shared: boolean | null, size: number | null, dtype: ElementName | null) => {
    check(!shared, "from_file: a shared mapping needs libtorch");
    const fs = process.getBuiltinModule("node:fs");
    const file = fs.openSync(path, "r");
    try {
      const bytes = new Uint8Array(size ?? 0);
      const read = fs.readSync(file, bytes, 0, bytes.length, 0);
      check(
        read === bytes.length,
        `from_file: ${path} has ${read} bytes, expected ${bytes.length}`,
      );
      return fromBytes(bytes, [bytes.length], dtype ?? "uint8");
    } finally {
      fs.closeSync(file);
    }
  },
  { unrecordable: "it reads a file" },
);
