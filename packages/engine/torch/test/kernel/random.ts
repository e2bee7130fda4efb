// Random numbers: normal numbers by counter, pairs of them, and times in strata.
import * as T from "../../src/index.js";
import { resultOf } from "./call.js";
import type { KernelRecord } from "./record.js";

/** Philox4x32-10 (Salmon et al. 2011): 128 bits of a counter, as four integers. */
function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  const word = (x: bigint) => BigInt.asUintN(32, x);
  for (let round = 0; round < 10; round++) {
    const [p, q] = [0xd2511f53n * a, 0xcd9e8d57n * c];
    [a, b, c, d] = [(q >> 32n) ^ b ^ k0, word(q), (p >> 32n) ^ d ^ k1, word(p)];
    [k0, k1] = [word(k0 + 0x9e3779b9n), word(k1 + 0xbb67ae85n)];
  }
  return [a, b, c, d].map(Number);
}

/** Normal numbers `offset` to `offset + n` of a stream: 64 counters a block, pairs of integers by Box and Muller's method. */
function normalNumbers(
  n: number,
  [key, stream, offset]: readonly [number, number, number],
): number[] {
  const blocks = new Map<number, number[]>();
  const blockOf = (index: number) => {
    const words = Array.from({ length: 64 }, (_, i) =>
      philox([index % 2 ** 32, Math.floor(index / 2 ** 32), i, 0], [key, stream]),
    );
    const bits = [0, 1, 2, 3].flatMap((k) => words.map((w) => w[k]));
    const pairs = Array.from({ length: 128 }, (_, i) => {
      const [x, y] = [bits[i], bits[i + 128]];
      const radius = Math.sqrt(-2 * Math.log((Math.floor(x / 2) + 0.5) / 2 ** 31));
      const angle = Math.floor((y | 0) / 256) * (Math.PI / 4 / 2 ** 23);
      const both = y & 1 ? [Math.sin(angle), Math.cos(angle)] : [Math.cos(angle), Math.sin(angle)];
      return [
        y & 2 ? radius * both[0] : -radius * both[0],
        y & 4 ? radius * both[1] : -radius * both[1],
      ];
    });
    return [0, 1].flatMap((k) => pairs.map((pair) => pair[k]));
  };
  return Array.from({ length: n }, (_, i) => {
    const [at, place] = [Math.floor((offset + i) / 256), (offset + i) % 256];
    const block = blocks.get(at) ?? blockOf(at);
    blocks.set(at, block);
    return block[place];
  });
}

export const noiseAt: KernelRecord = {
  title: "normal numbers of a stream at an offset",
  operations: ["noise_at_"],
  /** Numbers, key, stream and offset. */
  sizes: [
    [1, 0, 0, 0],
    [256, 7, 1, 0],
    [1000, 4294967295, 3, 255],
    [300, 5, 4294967295, 2 ** 40 + 100],
  ],
  within: 2e-6,
  gradientWithin: null,
  dtypes: { float64: /float32/, bfloat16: /float32/ },
  make: ([n, key, stream, offset]) => ({
    inputs: [T.zeros([n])],
    own: ([x]) => resultOf("noise_at_", x.clone(), key, stream, offset),
    exact: ([x]) => [T.tensor(normalNumbers(x.numel, [key, stream, offset]), { dtype: "float64" })],
  }),
};

const newGenerator = () => T.Generator.create(3);
/** The 64 bits that a generator draws next, but for the highest one. */
const drawnKey = () =>
  T.call("aten::random_", "", T.zeros([1], { dtype: "int64" }), newGenerator()) as T.Tensor;

export const noise: KernelRecord = {
  title: "normal numbers of one draw",
  operations: ["noise_"],
  sizes: [[1], [300], [7, 90]],
  within: 0,
  gradientWithin: null,
  // PyTorch's own numbers.
  dtypes: {},
  make: (size) => ({
    inputs: [T.zeros(size)],
    own: ([x]) => resultOf("noise_", x.clone(), newGenerator()),
    exact([x]) {
      const bits = BigInt((drawnKey().toArray() as BigInt64Array)[0]);
      const [key, half] = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
      const [low, high] = [0, 2 ** 31].map((top) =>
        T.noiseAt(x.shape, { key, stream: half + top, offset: 0 }),
      );
      const [drawn] = resultOf("noise_", T.zeros([1]), newGenerator());
      return [low.view([-1]).narrow(0, 0, 1).item() === drawn.item() ? low : high];
    },
  }),
};

export const noisePairs: KernelRecord = {
  title: "normal numbers of half of the rows and their negatives",
  operations: ["noise_pairs_"],
  sizes: [
    [1, 7],
    [8, 7],
    [33, 7],
    [2, 3, 40],
  ],
  within: 0,
  gradientWithin: null,
  dtypes: {},
  make: ([n, ...more]) => ({
    inputs: [T.zeros([n, ...more])],
    own: ([x]) => resultOf("noise_pairs_", x.clone(), newGenerator()),
    exact() {
      const half = T.randn([Math.ceil(n / 2), ...more], { generator: newGenerator() });
      return [T.cat([half, half.narrow(0, 0, Math.floor(n / 2)).neg()])];
    },
  }),
};

export const strata: KernelRecord = {
  title: "times in strata",
  operations: ["strata_"],
  sizes: [[1], [8], [33], [2000]],
  within: 0,
  gradientWithin: null,
  dtypes: { float64: /float32/, bfloat16: /float32/ },
  make: ([n]) => ({
    inputs: [T.zeros([n])],
    own: ([x]) => resultOf("strata_", x.clone(), 0.01, newGenerator()),
    exact() {
      const half = Math.ceil(n / 2);
      const drawn = T.arange(0, half).add(T.rand([half], { generator: newGenerator() }));
      const times = drawn.mul(0.98 / half).add(0.01);
      return [T.cat([times, times]).narrow(0, 0, n)];
    },
  }),
};
