import { check } from "../errors.js";
import { fillNormals } from "../kernel/philox.js";
import { define, run } from "../operation.js";
import type { TensorImpl } from "../tensor.js";
import { fillNormal, generatorArgument, streamOf } from "./random.js";

const noGradient = { derivative: null };
/** float32 in row-major order, as kernels of our own want it. */
const isPlain = (t: TensorImpl) => t.dtype === "float32" && t.isDense;
const numbersOf = (t: TensorImpl) => t.array.subarray(t.offset, t.offset + t.count) as Float32Array;
define(
  `dsbm::noise_(Tensor(a!) self, ${generatorArgument}`,
  (t: TensorImpl, generator) => {
    if (!isPlain(t)) return fillNormal(t, 0, 1, generator);
    const [high, low] = streamOf(generator).next64();
    fillNormals(numbersOf(t), [low, high], 0);
    return t;
  },
  noGradient,
);
define(
  `dsbm::noise_pairs_(Tensor(a!) self, ${generatorArgument}`,
  (t: TensorImpl, generator) => {
    check(t.ndim > 0, "noise_pairs_: a tensor of no dimensions has no rows");
    const n = t.shape[0];
    const half = Math.ceil(n / 2);
    const first = run("narrow", t, 0, 0, half);
    fillNormal(first, 0, 1, generator);
    if (isPlain(t)) {
      const x = numbersOf(t);
      const start = first.count;
      for (let i = start; i < x.length; i++) x[i] = -x[i - start];
      return t;
    }
    run(
      "copy_",
      run("narrow", t, 0, half, n - half),
      run("neg", run("narrow", first, 0, 0, n - half)),
    );
    return t;
  },
  noGradient,
);
define(
  `dsbm::strata_(Tensor(a!) self, float eps, ${generatorArgument}`,
  (t: TensorImpl, eps: number, generator) => {
    check(
      isPlain(t) && t.ndim === 1,
      "strata_: expected a contiguous float32 vector of the processor",
    );
    const g = streamOf(generator);
    const n = t.count;
    const round = Math.fround;
    const half = Math.ceil(n / 2);
    const width = round((1 - 2 * eps) / half);
    const start = round(eps);
    const x = numbersOf(t);
    for (let i = 0; i < half; i++) x[i] = round(round(i + g.uniform32()) * width) + start;
    x.copyWithin(half, 0, n - half);
    return t;
  },
  noGradient,
);
define(
  "dsbm::noise_at_(Tensor(a!) self, int key, int stream, int offset) -> Tensor(a!)",
  (t: TensorImpl, key: number, stream: number, offset: number) => {
    check(isPlain(t), "noise_at: expected a contiguous float32 tensor of the processor");
    const isWord = (x: number) => x >= 0 && x < 2 ** 32;
    check(isWord(key) && isWord(stream), "noise_at: expected a key and a stream in [0, 2^32)");
    check(offset >= 0 && offset < 2 ** 53, "noise_at: expected an offset in [0, 2^53)");
    fillNormals(numbersOf(t), [key, stream], offset);
    return t;
  },
  noGradient,
);
