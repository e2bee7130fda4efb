// Random numbers of libtorch's generator on processors, in its order.
import { type ElementName, elementType, isFloating } from "../dtype.js";
import { check } from "../errors.js";
import { forRuns } from "../kernel/loop.js";
import { Mersenne } from "../kernel/mersenne.js";
import { compose, define, run } from "../operation.js";
import { allocate, type Sizes, type TensorImpl } from "../tensor.js";

/** The global stream; while a chunk runs, the chunk's stream replaces every other one. */
export const streams: { default: Mersenne; override: Mersenne | null } = {
  default: new Mersenne(67_280_421_310_721n),
  override: null,
};
/** The stream that an operation draws from. */
export const streamOf = (generator: Mersenne | null) =>
  streams.override ?? generator ?? streams.default;

function drawEach(t: TensorImpl, draw: () => number): TensorImpl {
  forRuns(t.shape, [t], ([i], [p], n) => {
    for (let k = 0; k < n; k++) t.array[i + k * p] = draw();
  });
  return t;
}
const uniformOf = (g: Mersenne, dtype: ElementName) =>
  dtype === "float64" ? () => g.uniform64() : () => g.uniform32();

function uniform(t: TensorImpl, from: number, to: number, generator: Mersenne | null): TensorImpl {
  check(
    isFloating(t.dtype),
    () => `"check_uniform_bounds" not implemented for '${elementType(t.dtype).title}'`,
  );
  check(
    from <= to,
    `uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`,
  );
  const draw = uniformOf(streamOf(generator), t.dtype);
  const round = t.dtype === "float32" ? Math.fround : (x: number) => x;
  const low = round(from);
  const width = round(round(to) - round(from));
  return drawEach(t, () => round(draw() * width) + low);
}

/** Sixteen uniform numbers become sixteen normal ones: eight radii and eight angles. */
function boxMuller(x: TensorImpl["array"], at: number, mean: number, std: number): void {
  for (let j = at; j < at + 8; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - x[j]));
    const angle = 2 * Math.PI * x[j + 8];
    x[j] = radius * Math.cos(angle) * std + mean;
    x[j + 8] = radius * Math.sin(angle) * std + mean;
  }
}
/**
 * Fills a tensor of any shape with N(mean, std²).
 * @throws {TorchError} `ERR_TORCH`
 */
export function fillNormal(
  t: TensorImpl,
  mean: number,
  std: number,
  generator: Mersenne | null,
): TensorImpl {
  check(std >= 0, `normal expects std >= 0.0, but found std ${std}`);
  check(
    isFloating(t.dtype),
    () => `"normal_kernel_cpu" not implemented for '${elementType(t.dtype).title}'`,
  );
  const g = streamOf(generator);
  const n = t.count;
  // Few or strided numbers come one by one from another formula.
  if (n < 16 || !t.isDense) return drawEach(t, () => g.normal() * std + mean);
  const { array, offset } = t;
  const draw = uniformOf(g, t.dtype);
  for (let i = 0; i < n; i++) array[offset + i] = draw();
  for (let i = 0; i < n - 15; i += 16) boxMuller(array, offset + i, mean, std);
  if (n % 16 === 0) return t;
  // The last sixteen are drawn again.
  const last = offset + n - 16;
  for (let i = 0; i < 16; i++) array[last + i] = draw();
  boxMuller(array, last, mean, std);
  return t;
}

/** A draw of 64 bits modulo n. */
function modulo(g: Mersenne, n: number): number {
  const [high, low] = g.next64();
  return Number(((BigInt(high) << 32n) | BigInt(low)) % BigInt(n));
}
function integers(
  t: TensorImpl,
  low: number,
  high: number,
  generator: Mersenne | null,
): TensorImpl {
  check(
    low < high,
    `random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`,
  );
  const g = streamOf(generator);
  const range = high - low;
  return drawEach(
    t,
    range < 2 ** 32 ? () => (g.next32() % range) + low : () => modulo(g, range) + low,
  );
}

const options =
  "ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";
const allocateDraws = (size: readonly number[], dtype: ElementName | null) => {
  const type = dtype ?? "float32";
  return run("empty.memory_format", size, type);
};
define(
  `aten::rand.generator(SymInt[] size, *, Generator? generator, ${options}) -> Tensor`,
  (size: Sizes, generator, dtype) => uniform(allocateDraws(size, dtype), 0, 1, generator),
);
define(
  `aten::randn.generator(SymInt[] size, *, Generator? generator, ${options}) -> Tensor`,
  (size: Sizes, generator, dtype) => fillNormal(allocateDraws(size, dtype), 0, 1, generator),
);
define(
  "aten::randint.low_generator(SymInt low, SymInt high, SymInt[] size, *, Generator? generator, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
  (low, high, size: Sizes, generator, dtype) =>
    integers(allocateDraws(size, dtype ?? "int64"), low, high, generator),
);
define(
  "aten::randperm.generator(SymInt n, *, Generator? generator, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
  (n: number, generator, dtype) => {
    check(n >= 0, `n must be non-negative, got ${n}`);
    const t = allocateDraws([n], dtype ?? "int64");
    const g = streamOf(generator);
    for (let i = 0; i < n; i++) t.array[i] = i;
    for (let i = 0; i < n - 1; i++) {
      const j = i + (g.next32() % (n - i));
      [t.array[i], t.array[j]] = [t.array[j], t.array[i]];
    }
    return t;
  },
);
const like = (t: TensorImpl, dtype: ElementName | null) => allocateDraws(t.shape, dtype ?? t.dtype);
const layout = `${options}, MemoryFormat? memory_format=None`;
// They name the global stream as an argument, so that a replay can name another.
for (const [name, draw] of [
  ["rand", "rand.generator"],
  ["randn", "randn.generator"],
])
  define(
    `aten::${name}_like(Tensor self, *, ${layout}) -> Tensor`,
    (t, dtype) => run(draw, t.shape, null, dtype ?? t.dtype),
    { isComposite: true },
  );

/** The end of the schema of an operation in place that draws. */
export const generatorArgument = "*, Generator? generator=None) -> Tensor(a!)";
const noGradient = { derivative: null };
define(
  `aten::uniform_(Tensor(a!) self, float from=0., float to=1., ${generatorArgument}`,
  uniform,
  noGradient,
);
define(
  `aten::normal_(Tensor(a!) self, float mean=0., float std=1., ${generatorArgument}`,
  fillNormal,
  noGradient,
);
define(
  `aten::exponential_(Tensor(a!) self, float lambd=1., ${generatorArgument}`,
  (t, rate, generator) => {
    check(rate > 0, `exponential_ expects lambda > 0.0, but found lambda=${rate}`);
    const g = streamOf(generator);
    return drawEach(t, () => Math.log1p(-g.uniform64()) / -rate);
  },
  noGradient,
);
define(
  `aten::bernoulli_.float(Tensor(a!) self, float p=0.5, ${generatorArgument}`,
  (t, p, generator) => {
    check(p >= 0 && p <= 1, `bernoulli_ expects p to be in [0, 1], but got p=${p}`);
    const g = streamOf(generator);
    return drawEach(t, () => Number(g.uniform64() < p));
  },
  noGradient,
);
define(
  "aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor",
  (p: TensorImpl, generator) => {
    const g = streamOf(generator);
    const out = like(p, null);
    const odds = run("contiguous", p);
    for (let i = 0; i < out.count; i++) {
      const x = odds.array[odds.offset + i];
      check(x >= 0 && x <= 1, "Expected p_in >= 0 && p_in <= 1 to be true, but got false.");
      out.array[i] = Number(uniformOf(g, p.dtype)() < x);
    }
    return out;
  },
  noGradient,
);

/** Bits of `random_` by type: how many, of how many drawn. */
const widths: Readonly<Partial<Record<ElementName, number>>> = {
  int32: 2 ** 31,
  int16: 2 ** 15,
  int8: 2 ** 7,
  uint8: 2 ** 8,
  bool: 2,
  float32: 2 ** 24 + 1,
};
define(
  `aten::random_(Tensor(a!) self, ${generatorArgument}`,
  (t: TensorImpl, generator) => {
    const g = streamOf(generator);
    const width = widths[t.dtype];
    if (width) return drawEach(t, () => g.next32() % width);
    if (t.dtype !== "int64") return drawEach(t, () => modulo(g, 2 ** 53 + 1));
    // Views of other types see all 64 bits.
    const words = Array.from({ length: t.count }, () => {
      const [high, low] = g.next64();
      return ((BigInt(high) << 32n) | BigInt(low)) & (2n ** 63n - 1n);
    });
    const exact = BigInt64Array.from(words);
    let i = 0;
    drawEach(t, () => Number(exact[i++]));
    t.storage.exact = t.isDense && t.storage.array.length === t.count ? exact : null;
    t.storage.version = -1;
    return t;
  },
  noGradient,
);

function withReplacement(p: TensorImpl, n: number, g: Mersenne): TensorImpl {
  const width = p.shape.at(-1)!;
  const out = allocate([...p.shape.slice(0, -1), n], "int64");
  const rows = p.count / width;
  for (let r = 0; r < rows; r++) {
    const start = p.offset + r * width;
    const total = new Float64Array(width);
    let sum = 0;
    for (let k = 0; k < width; k++) total[k] = sum += p.array[start + k];
    for (let k = 0; k < width; k++) total[k] /= sum;
    for (let i = 0; i < n; i++) {
      const x = g.uniform64();
      let low = 0;
      let high = width - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (total[middle] < x) low = middle + 1;
        else high = middle;
      }
      out.array[r * n + i] = low;
    }
  }
  return out;
}
define(
  "aten::multinomial(Tensor self, int num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor",
  (p: TensorImpl, n: number, replacement: boolean, generator) => {
    check(p.ndim === 1 || p.ndim === 2, "prob_dist must be 1 or 2 dim");
    check(isFloating(p.dtype), "multinomial only supports floating-point dtypes for input");
    check(n > 0, "cannot sample n_sample <= 0 samples");
    const width = p.shape.at(-1)!;
    check(
      replacement || n <= width,
      "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    );
    const dense = run("contiguous", p);
    const values = dense.array.subarray(dense.offset, dense.offset + dense.count);
    check(
      values.every((x) => x >= 0 && x < Number.POSITIVE_INFINITY),
      "probability tensor contains either `inf`, `nan` or element < 0",
    );
    const g = streamOf(generator);
    if (replacement && n > 1) return withReplacement(dense, n, g);
    const q = run("empty_like", dense);
    for (let i = 0; i < q.count; i++) q.array[i] = -Math.log1p(-g.uniform64());
    const ratio = run("div.Tensor", dense, q);
    if (n === 1) return run("argmax", ratio, -1, true);
    return run<TensorImpl[]>("topk", ratio, n, -1, true, true)[1];
  },
);

compose({
  "aten::dropout(Tensor input, float p, bool train) -> Tensor": (
    t: TensorImpl,
    p: number,
    train: boolean,
  ) => {
    check(p >= 0 && p <= 1, `dropout probability has to be between 0 and 1, but got ${p}`);
    if (p === 0 || !train || t.count === 0) return t;
    if (p === 1) return run("mul.Scalar", t, 0);
    const mask = run("bernoulli_.float", run("empty_like", t), 1 - p);
    return run("mul.Tensor", t, run("div_.Scalar", mask, 1 - p));
  },
});
