// The kernels in WebAssembly against plain arithmetic in double precision.
import { describe, expect, it } from "vitest";
import { type External, portable } from "../src/index.js";
import { fillNormals, referenceNormals } from "../src/kernel/philox.js";

const call = (name: string, ...args: unknown[]) => {
  const [full, overload = ""] = name.split(".");
  return portable.call(portable.lookup(full, overload), undefined, ...args) as External;
};
const wave = (n: number, speed: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(speed * i + 1));
const tensorOf = (data: Float32Array, ...shape: number[]) =>
  portable.fromBytes(data, shape, "float32");
const numbersOf = (t: External) => new Float32Array(portable.toBytes(t));
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]) / (1 + Math.abs(b[i]))));

/** a b of row-major matrices [m, k] and [k, n], in double precision. */
function product(a: Float32Array, b: Float32Array, [m, k, n]: readonly [number, number, number]) {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[Math.floor(at / n) * k + p] * b[p * n + (at % n)];
    return sum;
  });
}

describe("a product of matrices", () => {
  const sizes = [
    [16, 16, 16],
    [33, 17, 29],
    [128, 6, 128],
    [23, 40, 12],
    [70, 300, 9],
    [5, 300, 1],
  ] as const;
  it.each(sizes)(
    "[%i, %i] by [.., %i] equals the product of doubles to rounding, transposed or not",
    (m, k, n) => {
      const a = wave(m * k, 0.7);
      const b = wave(k * n, 1.3);
      const wanted = product(a, b, [m, k, n]);
      const x = tensorOf(a, m, k);
      const y = tensorOf(b, k, n);
      const turn = (t: External) => call("aten::clone", call("aten::t", t));
      const xt = call("aten::t", turn(x));
      const yt = call("aten::t", turn(y));
      for (const [left, right] of [
        [x, y],
        [xt, y],
        [x, yt],
        [xt, yt],
      ])
        expect(largestDifference(numbersOf(call("aten::mm", left, right)), wanted)).toBeLessThan(
          1e-5,
        );
      const start = wave(n, 0.3);
      const sum = call("aten::addmm", tensorOf(start, n), x, y, 2, 1);
      const shifted = wanted.map((value, i) => value + 2 * start[i % n]);
      expect(largestDifference(numbersOf(sum), shifted)).toBeLessThan(1e-5);
      const double = (t: External) => call("aten::to.dtype", t, "float64");
      const doubles = call("aten::addmm", double(tensorOf(start, n)), double(x), double(yt), 2, 1);
      const values = new Float64Array(portable.toBytes(doubles));
      expect(largestDifference(values, shifted)).toBeLessThan(1e-12);
    },
  );
});

describe("an elementwise kernel", () => {
  const x = Float32Array.from({ length: 1003 }, (_, i) => (i - 500) / 9);
  it.each([
    ["aten::exp", Math.exp],
    ["aten::sigmoid", (v: number) => 1 / (1 + Math.exp(-v))],
    ["aten::silu", (v: number) => v / (1 + Math.exp(-v))],
  ] as const)("%s is the function to single precision, far from zero too", (name, f) => {
    const values = numbersOf(call(name, tensorOf(x, 1003)));
    expect(largestDifference(values, Array.from(x, f))).toBeLessThan(1e-6);
  });
  it("knows infinities and NaN", () => {
    const odd = new Float32Array(64).fill(0);
    odd.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 200, -200]);
    const values = numbersOf(call("aten::exp", tensorOf(odd, 64)));
    const infinity = Number.POSITIVE_INFINITY;
    expect([...values.slice(0, 6)]).toEqual([Number.NaN, infinity, 0, infinity, 0, 1]);
  });
});

describe("a row", () => {
  const [infinity, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
  const special = [[-infinity], [infinity], [nan], [-infinity, nan], [infinity, nan]];
  it.each([5, 16, 17, 333, 5000])(
    "of %i numbers has the softmax and the logarithm of sums of doubles, along either dimension",
    (n) => {
      const x = wave(3 * n, 1.7).map((v, i) => v * (i % 3 ? 5 : 60));
      const logs = [0, 1, 2].map((row) => {
        const numbers = Array.from(x.subarray(row * n, (row + 1) * n));
        const top = Math.max(...numbers);
        return top + Math.log(numbers.reduce((sum, v) => sum + Math.exp(v - top), 0));
      });
      const t = tensorOf(x, 3, n);
      const turned = call("aten::clone", call("aten::t", t));
      for (const [input, dim] of [[t, 1] as const, [turned, 0] as const])
        expect(
          largestDifference(numbersOf(call("aten::logsumexp", input, [dim], false)), logs),
        ).toBeLessThan(1e-6);
      const wanted = Array.from(x, (v, i) => Math.exp(v - logs[Math.floor(i / n)]));
      const shares = numbersOf(call("aten::softmax.int", t, 1, null));
      expect(largestDifference(shares, wanted)).toBeLessThan(1e-6);
    },
  );
  it.each([5, 18])("of %i numbers knows infinities and NaN, as libtorch does", (n) => {
    for (const values of special) {
      const x = new Float32Array(n).fill(values[0] === -infinity ? -infinity : 0);
      x.set(values, n - values.length);
      const t = tensorOf(x, 1, n);
      const sum = values.includes(nan) ? nan : values[0];
      expect([...numbersOf(call("aten::logsumexp", t, [1], false))]).toEqual([sum]);
      const shares = numbersOf(call("aten::softmax.int", t, 1, null));
      expect([...shares]).toEqual(new Array(n).fill(nan));
    }
  });
});

describe("a layer", () => {
  it("is a product, a bias and SiLU; its backward pass has the same gradients", () => {
    const [m, k, n] = [37, 12, 19];
    const plain = (needs: boolean) => {
      const list = [
        tensorOf(wave(m * k, 0.9), m, k),
        tensorOf(wave(n * k, 1.7), n, k),
        tensorOf(wave(n, 2.3), n),
      ];
      for (const t of list) portable.requiresGrad(t, needs);
      return list;
    };
    const weight = tensorOf(wave(m * n, 0.37), m, n);
    const gradients = (layer: (x: External, w: External, b: External) => External) => {
      const inputs = plain(true);
      const y = layer(inputs[0], inputs[1], inputs[2]);
      const loss = call("aten::sum", call("aten::mul.Tensor", y, weight));
      const found = portable.differentiate([loss], [], inputs, false, false)!;
      return [numbersOf(y), ...found.map((g) => numbersOf(g!))];
    };
    const fused = gradients((x, w, b) => {
      const index = portable.lookup("dsbm::dense", "");
      return (portable.call(index, undefined, x, w, b, true, true) as External[])[0];
    });
    const parts = gradients((x, w, b) => call("aten::silu", call("aten::linear", x, w, b)));
    fused.forEach((values, i) => {
      expect(largestDifference(values, parts[i])).toBeLessThan(1e-5);
    });
  });
});

describe("noise", () => {
  it("equals the reference in TypeScript, from any place of a stream", () => {
    for (const offset of [0, 100, 2 ** 40 + 3]) {
      const kernel = new Float32Array(1000);
      const reference = new Float32Array(1000);
      fillNormals(kernel, [123456789, 0xfedcba98], offset);
      fillNormals(reference, [123456789, 0xfedcba98], offset, referenceNormals);
      expect(largestDifference(kernel, reference)).toBeLessThan(2e-6);
    }
  });
});

describe("a step of Adam", () => {
  it("is the formula, for many parameters as for few", () => {
    const step = (n: number) => {
      const make = (speed: number) => tensorOf(wave(n, speed), n);
      const params = make(0.4);
      const zero = () => tensorOf(new Float32Array(n), n);
      const count = tensorOf(new Float32Array(1), 1);
      const lr = portable.fromBytes(Float64Array.of(0.01), [], "float64");
      for (let i = 0; i < 3; i++) {
        const moments = i === 0 ? [zero(), zero()] : kept;
        kept = moments;
        call(
          "dsbm::adam_",
          [params],
          [make(0.9 + i)],
          [moments[0]],
          [moments[1]],
          [count],
          [],
          lr,
          null,
          0.9,
          0.999,
          0.1,
          1e-8,
          true,
        );
      }
      return numbersOf(params);
    };
    let kept: External[] = [];
    const few = step(60);
    const many = step(600);
    expect(largestDifference(many.slice(0, 60), few)).toBeLessThan(1e-6);
  });
});

it.each([200, 1200])(
  "%i numbers of both dtypes are sorted: signs, zeros, infinities, NaN as the largest, equal numbers in their order",
  (n) => {
    const special = [
      0,
      -0,
      Number.NaN,
      1,
      -1,
      Infinity,
      -Infinity,
      1e-42,
      -1e-42,
      1,
      Number.NaN,
      -3.5,
    ];
    const numbers = Float32Array.from({ length: n }, (_, i) => special[(i * 7) % 13] ?? i - n / 2);
    for (const descending of [false, true]) {
      const sorted = (t: External) => {
        const op = portable.lookup("aten::sort", "");
        const parts = portable.call(op, undefined, t, 0, descending) as External[];
        return parts.map((part) => {
          const doubles = call("aten::to.dtype", part, "float64");
          return Array.from(new Float64Array(portable.toBytes(doubles)));
        });
      };
      const rank = (x: number) => (Number.isNaN(x) ? 2 : x === Infinity ? 1 : 0);
      const by = (x: number, y: number) => rank(x) - rank(y) || (rank(x) === 0 ? x - y : 0);
      const wantedPlaces = [...numbers.keys()].sort((a, b) => {
        const [x, y] = [numbers[a] as number, numbers[b] as number];
        return (descending ? by(y, x) : by(x, y)) || a - b;
      });
      const wanted = wantedPlaces.map((place) => numbers[place]);
      const doubles = portable.fromBytes(Float64Array.from(numbers), [n], "float64");
      for (const input of [tensorOf(numbers, n), doubles]) {
        const [values, places] = sorted(input);
        expect(places).toEqual(wantedPlaces);
        expect(values).toEqual(wanted);
      }
    }
  },
);
