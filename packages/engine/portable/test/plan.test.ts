// Recorded programs in planned memory: replays give what the first call gave, bit for bit, and memory stays flat.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type External, portable } from "../src/index.js";
import { Blocks } from "../src/plan/blocks.js";
import { programMemory } from "../src/plan/memory.js";

const call = (name: string, ...args: unknown[]) => {
  const [full, overload = ""] = name.split(".");
  return portable.call(portable.lookup(`aten::${full}`, overload), undefined, ...args) as External;
};
const callOwn = (name: string, ...args: unknown[]) =>
  portable.call(portable.lookup(`dsbm::${name}`, ""), undefined, ...args);
const numbersOf = (t: External) => new Float32Array(portable.toBytes(t));
const wave = (speed: number, ...shape: number[]) => {
  const n = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: n }, (_, i) => Math.sin(speed * i + 1));
  return portable.fromBytes(data, shape, "float32");
};

/** The results of the first call, and of two replays. */
function threeRuns(inputs: External[], fn: (...inputs: External[]) => External[]) {
  const copies = portable.recordBegin(inputs);
  const results = fn(...copies);
  const program = portable.recordEnd(results);
  const first = results.map(numbersOf);
  const again = () => portable.replay(program, inputs, false)!.map(numbersOf);
  return { first, second: again(), third: again() };
}

beforeEach(() => portable.gradMode(false));
// Test files share the engine.
afterEach(() => portable.gradMode(true));

describe("a replay gives the numbers of the first call, bit for bit:", () => {
  const x = () => wave(0.7, 9, 7);
  const y = () => wave(1.3, 9, 7);
  const chains: [string, () => External[], (...t: External[]) => External[]][] = [
    [
      "elementwise functions of tensors and numbers",
      () => [x(), y()],
      (a, b) => [
        call("add.Tensor", a, b, 0.3),
        call("sub.Tensor", a, b, 1.7),
        call("mul.Tensor", a, call("exp", b)),
        call("div.Tensor", call("sigmoid", a), call("square", b)),
        call("mul.Scalar", call("silu", a), -0.1),
        call("rsub.Scalar", call("neg", a), 2, 1),
        call("maximum", a, b),
        call("sqrt", call("abs", b)),
      ],
    ],
    [
      "a row and a single number for a matrix",
      () => [x(), wave(0.2, 7), wave(0.3, 1)],
      (a, row, one) => [
        call("add.Tensor", a, row, 0.5),
        call("mul.Tensor", a, row),
        call("mul.Tensor", one, a),
        call("add.Tensor", row, a, 1),
      ],
    ],
    [
      "products, of transposed matrices too",
      () => [x(), y(), wave(0.4, 9)],
      (a, b, start) => {
        const square = call("mm", a, call("t", b));
        const turned = call("mm", call("t", a), b);
        return [
          square,
          turned,
          call("addmm", start, call("t", square), square, 1, 1),
          call("addmm", square, square, square, 1, 1),
          call("addmm", start, square, square, 2, 0.5),
        ];
      },
    ],
    [
      "views, copies, sums and parts side by side",
      () => [x(), y()],
      (a, b) => {
        const part = call("slice.Tensor", a, 1, 2, 6, 1);
        return [
          call("cat", [a, part, b], 1),
          call("cat", [call("t", a), call("t", b)], 0),
          call("clone", part, null),
          call("sum", a, null),
          call("sum.dim_IntList", b, [0], false, null),
          call("sum.dim_IntList", part, [1], true, null),
          call("cumsum", b, 0, null),
        ];
      },
    ],
    [
      "writes in place, into views too",
      () => [x(), y()],
      (a, b) => {
        const sum = call("mul.Tensor", a, b);
        call(
          "add_.Tensor",
          call("slice.Tensor", sum, 0, 1, 4, 1),
          call("slice.Tensor", b, 0, 1, 4, 1),
          2,
        );
        call("mul_.Scalar", sum, 0.5);
        return [sum, call("add.Tensor", sum, a, 1)];
      },
    ],
  ];
  it.each(chains)("%s", (_, inputs, fn) => {
    const { first, second, third } = threeRuns(inputs(), fn);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  it("a layer with its gradients", () => {
    const inputs = [wave(0.7, 33, 6), wave(0.2, 20, 6), wave(0.9, 20), wave(0.5, 33, 20)];
    const { first, second } = threeRuns(inputs, (rows, weight, bias, g) => {
      const [h, slope] = callOwn("dense", rows, weight, bias, true, true) as External[];
      const results = callOwn("dense_backward", g, rows, weight, slope, true, true, true);
      return [h, ...(results as External[])];
    });
    expect(second).toEqual(first);
  });

  it("steps of Adam with an average, which change tensors that the program holds", () => {
    const run = (isRecorded: boolean) => {
      const [p, m, v, average] = [0.3, 0, 0, 0.3].map((speed) => wave(speed, 13));
      const count = portable.fromBytes(new Float32Array(1), [], "float32");
      const rate = portable.fromBytes(Float64Array.of(0.01), [], "float64");
      const weight = portable.fromBytes(Float64Array.of(0.2), [], "float64");
      const step = (g: External) => {
        const state = [[p], [g], [m], [v], [count], [average], rate, weight];
        callOwn("adam_", ...state, 0.9, 0.999, 0.01, 1e-8, false);
        return [call("clone", p, null)];
      };
      const g = wave(0.6, 13);
      if (isRecorded) threeRuns([g], step);
      else for (let i = 0; i < 3; i++) step(g);
      return [p, m, v, average].map(numbersOf);
    };
    expect(run(true)).toEqual(run(false));
  });
});

it("an input that the program writes to changes, a result stays when the program runs again", () => {
  const x = wave(0.7, 5);
  const copies = portable.recordBegin([x]);
  call("add_.Scalar", copies[0], 1, 1);
  const program = portable.recordEnd([call("mul.Scalar", copies[0], 2)]);
  const before = numbersOf(x);
  const [first] = portable.replay(program, [x], false)!;
  const kept = numbersOf(first);
  expect(numbersOf(x)).toEqual(before.map((value) => value + 1));
  portable.replay(program, [x], false);
  expect(numbersOf(first)).toEqual(kept);
  expect(numbersOf(x)).toEqual(before.map((value) => Math.fround(value + 1) + 1));
});

it("programs whose memory grows leave earlier programs and held tensors as they were", () => {
  const weight = wave(0.2, 8, 8);
  const recorded = (x: External) => {
    const [copy] = portable.recordBegin([x]);
    return portable.recordEnd([call("mm", copy, weight)]);
  };
  const x = wave(0.3, 4, 8);
  const small = recorded(x);
  const [first] = portable.replay(small, [x], false)!.map(numbersOf);
  const { version } = programMemory;
  for (const rows of [1000, 40_000, 300_000]) {
    const large = wave(0.1, rows, 8);
    portable.replay(recorded(large), [large], false);
  }
  expect(programMemory.version).toBeGreaterThan(version);
  expect(portable.replay(small, [x], false)!.map(numbersOf)).toEqual([first]);
});

it("a tensor that an operation gives back as it is outlives the handle of its argument", () => {
  const x = wave(0.7, 3);
  const before = numbersOf(x);
  const same = call("contiguous", x);
  portable.release([x]);
  expect(numbersOf(same)).toEqual(before);
});

describe("blocks of a memory", () => {
  it("never overlap, and become one gap if all are given back", () => {
    const blocks = new Blocks();
    const start = blocks.top;
    let seed = 7;
    const random = () => {
      seed = (seed * 16807) % 2147483647;
      return seed / 2147483647;
    };
    const living: { address: number; bytes: number }[] = [];
    for (let i = 0; i < 2000; i++) {
      if (living.length > 0 && random() < 0.5) {
        const [gone] = living.splice(Math.floor(random() * living.length), 1);
        blocks.release(gone.address, gone.bytes);
        continue;
      }
      const bytes = Math.floor(random() * 1000) + 1;
      const address = blocks.take(bytes);
      for (const other of living)
        expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(
          true,
        );
      living.push({ address, bytes });
    }
    for (const { address, bytes } of living) blocks.release(address, bytes);
    expect(blocks.takeGap(blocks.top - start)).toBe(start);
  });
});
