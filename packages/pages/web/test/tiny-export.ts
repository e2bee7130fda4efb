// An export of two columns whose networks are known: drift c − x forward, −x backward, as ONNX written by hand.

type Field = [number, number | string | Uint8Array | Field[]];

/** A protobuf message of fields: integers, texts, bytes and messages. */
function message(fields: readonly Field[]): Uint8Array {
  const bytes = fields.flatMap(([field, value]) => {
    if (typeof value === "number") return [field << 3, value];
    const inner =
      typeof value === "string"
        ? new TextEncoder().encode(value)
        : Array.isArray(value)
          ? message(value)
          : value;
    return [(field << 3) | 2, ...length(inner.length), ...inner];
  });
  return Uint8Array.from(bytes);
}

const length = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, n >> 7]);

const port = (name: string, sizes: (number | string)[]): Field[] => [
  [1, name],
  [
    2,
    [
      [
        1,
        [
          [1, 1],
          [2, sizes.map((s) => [1, [[typeof s === "string" ? 2 : 1, s]]])],
        ],
      ],
    ],
  ],
];

/** drift = c − x of x [N, …shape] and t [N]. */
function tinyModel(c: readonly [number, number], shape = [2]) {
  const raw = new Uint8Array(Float32Array.from(c).buffer);
  return message([
    [1, 8],
    [8, [[2, 17]]],
    [
      7,
      [
        [
          1,
          [
            [1, "c"],
            [1, "x"],
            [2, "drift"],
            [4, "Sub"],
          ],
        ],
        [2, "drift"],
        [
          5,
          [
            [1, 2],
            [2, 1],
            [8, "c"],
            [9, raw],
          ],
        ],
        [11, port("x", ["N", ...shape])],
        [11, port("t", ["N"])],
        [12, port("drift", ["N", ...shape])],
      ],
    ],
  ]);
}

/** bridge.json of these models; parts of it may be others. */
export function tinyBridge(change: Record<string, unknown> = {}) {
  return {
    ...{ format: 2, dsbm: "0.1.0", method: "dsbm", kind: "drift" },
    state: { shape: [2], type: "vectors" },
    directions: {
      f: { model: "f.onnx", direction_input: null, half_iteration: 2 },
      b: { model: "b.onnx", direction_input: null, half_iteration: 1 },
    },
    ...{ default_direction: "f", inputs: ["x", "t"], output: "drift", end_output: null },
    process: { type: "brownian", sigma: 0.5 },
    schedule: {
      ...{ times: [0, 0.25, 0.5, 1], steps: [0.25, 0.25, 0.5], resample: true },
      ...{ step_variance: "bridge", last_noise: false, eps: 0.001 },
    },
    noise: { generator: "philox4x32-10", same_samples: true },
    transform: { log1p: false, standardise: "columns", mean: [10, 20], std: [2, 4] },
    ...{ projection: null, columns: ["age <b>", "income"], conditions: null },
    quality: [
      {
        title: "sliced 2-Wasserstein <script>",
        direction: "f",
        value: 0.2,
        floor: 0.1,
        ceiling: 1,
        group: "endpoints",
      },
    ],
    verdicts: [{ title: "Forward <i>.", grade: "partial", reason: "70 % of the way <b>." }],
    data: { source: { name: "winter.csv", rows: 9 }, target: { name: "summer.csv", rows: 9 } },
    license: "MIT",
    ...change,
  };
}

export const tinyExport = (change: Record<string, unknown> = {}) => ({
  bridge: tinyBridge(change),
  models: { "f.onnx": tinyModel([1, 2]), "b.onnx": tinyModel([0, 0]) },
  /** Images of two pixels. */
  pictureModel: tinyModel([0.5, -0.5], [1, 1, 2]),
});

/** n rows around a point, spread evenly. */
const cloud = (n: number, [a, b]: [number, number]) => ({
  data: Float64Array.from({ length: 2 * n }, (_, i) =>
    i % 2 === 0 ? a + 2 * Math.cos(i * i) : b + 4 * Math.sin(i * i * 0.7),
  ),
  shape: [n, 2],
});

export const tinySamples = { source: cloud(900, [10, -20]), target: cloud(700, [12, 28]) };
