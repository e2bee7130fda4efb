// Run folders as a fit leaves them, with known contents, so that reports can be looked at without training.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { cat, manualSeed, randn, type Tensor, tidy } from "@dsbm/torch";
import { pointsOf } from "../../packages/app/experiment/src/picture/points.js";

export interface FitRun {
  /** Columns of the two tables; null: images. */
  names: readonly string[] | null;
  /** How far the generated samples are from the target, in deviations. */
  off?: number;
  warnings?: readonly string[];
  /** Missing in the folder. */
  without?: readonly string[];
}

const n = 500;
const ids = { f: "it0002_f_step00000100", b: "it0002_b_step00000100" } as const;

/** Writes the files that a report reads into `folder`. */
export async function writeFitRun(folder: string, options: FitRun): Promise<void> {
  const { names, off = 0.05, warnings = [], without = [] } = options;
  mkdirSync(join(folder, "samples"), { recursive: true });
  const write = (name: string, content: unknown) => {
    if (without.includes(name)) return;
    const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
    writeFileSync(join(folder, name), text);
  };
  write("run.json", {
    ...{ format: 1, dsbm: "0.1.0", state: "finished", reason: null },
    ...{ started: "2026-11-26T04:10:00.000Z", resumed: [], ended: "2026-11-26T04:19:40.000Z" },
    environment: { node: "20.19.0", libtorch: "2.6.0" },
    command: "npx dsbm fit day_2.csv day_4.csv 'data.exclude=cell id'",
  });
  write("config.json", {
    ...{ Dataset: "table:day_2.csv", Dataset_transfer: "table:day_4.csv", transfer: true },
    ...{ method: "dsbm", first_coupling: "ind", seed: 1, fb_sequence: ["b", "f"], sigma: 0.3 },
    paths: {
      data_dir_name: "/a/rather/long/path/to/the/folder/where/data/would/lie/if/there/were/any",
    },
  });
  write("results.csv", results(names === null));
  write("metrics.jsonl", losses());
  write("data.json", data(names, warnings));
  write("choices.json", choices);
  write("quality.json", {
    dsbm: "0.1.0",
    split: "test",
    n,
    seed: 1,
    rows: quality(names, off),
    verdicts,
  });
  if (names === null) await writePictures(folder);
  else writePoints(folder, names.length, off);
}

function writePoints(folder: string, d: number, off: number): void {
  manualSeed(1);
  tidy(() => {
    const clusters = (shift: number) =>
      cat([
        randn([n / 2, d])
          .mul(0.4)
          .add(shift),
        randn([n / 2, d])
          .mul(0.4)
          .sub(shift),
      ]);
    const [source, target] = [clusters(0.3).add(1), clusters(1)] as [Tensor, Tensor];
    for (const direction of ["f", "b"] as const) {
      const [start, data] = direction === "f" ? [source, target] : [target, source];
      const end = data.add(randn([n, d]).mul(off));
      const times = Array.from({ length: 21 }, (_, i) => i / 20);
      const states = times.map((t) => start.lerp(end, t).add(randn([n, d]).mul(0.1 * t * (1 - t))));
      const path = {
        states: cat(states.map((x) => x.unsqueeze(0))),
        times: direction === "f" ? times : times.map((t) => 1 - t),
      };
      const basis = randn([d, 2]).div(Math.sqrt(d));
      const axes = d > 2 ? { basis, explained: [0.41, 0.17] } : null;
      const points = pointsOf({ direction, start, end, data, path, axes });
      writeFileSync(
        join(folder, "samples", `${ids[direction]}_points.json`),
        JSON.stringify(points),
      );
    }
  });
}

async function writePictures(folder: string): Promise<void> {
  const picture = async (name: string, width: number, height: number, level: number) => {
    const pixels = new Uint8Array(width * height).fill(level);
    writeFileSync(join(folder, "samples", name), await picturePng(pixels, [1, height, width]));
  };
  for (const [direction, id] of Object.entries(ids)) {
    for (const [i, kind] of ["start", "end", "data"].entries())
      await picture(`${id}_${kind}.png`, 330, 356, 40 + 70 * i + (direction === "f" ? 0 : 30));
    await picture(`${id}_path.png`, 600, 540, 200);
  }
}

function data(names: readonly string[] | null, warnings: readonly string[]) {
  const end = (path: string, rows: number) => ({
    ...{ path, format: names ? "csv" : "folder", rows, train: rows - 500, test: 500, dropped: 3 },
    ...{ group: null, kind: names ? "table" : "pictures" },
    shape: names ? [names.length] : [3, 64, 64],
  });
  const range = (i: number) => {
    const scale = 10 ** ((i % 9) - 3);
    const quartiles = { median: 1.02 * scale, q25: 0.4 * scale, q75: 1.7 * scale };
    return { min: -2.31 * scale, max: 4.07 * scale, mean: 1.004 * scale, std: scale, ...quartiles };
  };
  return {
    source: end("data/2026/day_2.csv", 12_345),
    target: end("data/2026/day_4.csv", 987),
    columns: (names ?? []).map((name, i) => ({
      ...{ name, source: range(i), target: range(i) },
      notes: i % 7 === 3 ? ["heavy tails: 1.2 % of the rows lie beyond 8 deviations"] : [],
    })),
    ...{ condition: null, kept: [], warnings },
    transform: {
      ...{ log1p: false, standardise: names ? "columns" : "none" },
      mean: (names ?? []).map((_, i) => 10 ** ((i % 9) - 3)),
      std: (names ?? []).map((_, i) => 10 ** ((i % 9) - 3)),
    },
  };
}

const choices = [
  {
    ...{ key: "sigma", value: 0.3, given: false },
    reason:
      "a fifth of the median distance between the ends (1.52), so that paths are noisy but not lost",
  },
  {
    ...{ key: "model", value: { name: "MLP", num_hid: 128 }, given: false },
    reason: "rows are vectors of few columns; a wider network overfits 11,845 rows",
  },
  { key: "max_minutes", value: 10, reason: "", given: true },
  { key: "reserve", value: 103, reason: "seconds kept for the end", given: true, organising: true },
];

function quality(names: readonly string[] | null, off: number) {
  const none = { low: null, high: null, floor: null, ceiling: null, better: "lower" };
  const ofDirection = (direction: "f" | "b") => {
    const place = { ...none, direction };
    const value = 0.04 + off;
    return [
      {
        ...{ ...place, metric: "sliced_w2", title: "sliced 2-Wasserstein distance", group: "ends" },
        ...{ value, low: 0.9 * value, high: 1.1 * value, floor: 0.04, ceiling: 0.93 },
        about: "Distance of generated and held-out rows, averaged over 100 directions.",
      },
      {
        ...{ ...place, metric: "energy", title: "energy distance", group: "ends" },
        ...{ value: off ** 2 + 1e-5, low: 8e-6, high: 2e-3 + off ** 2, floor: 1e-5, ceiling: 0.41 },
        about: "Twice the mean distance between the sets less those within them.",
      },
      {
        ...{ ...place, metric: "path_energy", title: "path energy", group: "path" },
        ...{ value: 1.31, low: 1.27, high: 1.36, better: "target", target: 1.3 },
        about: "Mean squared length of the drift, beside that of the optimal bridge.",
      },
      {
        ...{ ...place, metric: "round_trip", title: "forward and back", group: "plan" },
        ...{ value: 0.52, floor: 0.4, ceiling: 1.9 },
        about: "How far a row is from where it started after going there and back.",
      },
      ...(names ?? []).map((column, i) => ({
        ...{ ...place, metric: "w1", title: "1-Wasserstein distance", group: "columns", column },
        ...{ value: (0.02 + off * ((i * 7) % 11)) * 10 ** ((i % 9) - 3), about: "" },
        ...{ floor: 0.02 * 10 ** ((i % 9) - 3), ceiling: 10 ** ((i % 9) - 3) },
      })),
    ];
  };
  return [
    ...ofDirection("f"),
    ...ofDirection("b"),
    {
      ...{
        ...none,
        metric: "holdout_w1",
        title: "1-Wasserstein distance at time 0.5",
        direction: "f",
      },
      ...{
        group: "holdout",
        value: 39.1,
        floor: 31.2,
        ceiling: 55,
        about: "Exact, against day_3.csv.",
      },
    },
  ];
}

/** Additional metrics of images. */
const ofPictures = {
  ...{ start_sliced_w2: 0.3222, start_mean: -0.7188, start_var: 0.43, end_mean: -0.7133 },
  ...{ end_var: 0.5114, end_sample_var: 0.4557, data_mean: -0.5766, data_var: 0.5973 },
  ...{ data_sample_var: 0.473, variance_kept: 0.9634, mse: 0.0995, msd: 1125.46 },
  ...{ independent_msd: 2227.36, share: 0.875, data_share: 0.9063, fid_lenet: 1174.636 },
  data_fid_lenet: 1.785,
};

const verdicts = (["f", "b"] as const).map((direction) => ({
  ...{ direction, grade: "partial", n_held_out: [500, 500] },
  reason: "The generated rows are 92 % of the way. Judged with 500 held-out rows of each.",
  next: "Train for longer: npx dsbm fit day_2.csv day_4.csv max_minutes=30 --again",
}));

function results(isPictures: boolean): string {
  const columns = ["half_iteration", "direction", "step", "steps", "n", "nfe"];
  const more = Object.entries(isPictures ? ofPictures : {});
  const metrics = ["sliced_w2", "data_sliced_w2", ...more.map(([name]) => name), "seconds"];
  const head = [...columns, ...metrics].join();
  const values = more.map(([, value]) => value);
  const lines = [1, 2, 3, 4].flatMap((half) =>
    ["b", "f"].map((way) => [half, way, 100, 20, n, 20, 0.3 / half, 0.04, ...values, 0.2].join()),
  );
  return `${[head, ...lines].join("\n")}\n`;
}

function losses(): string {
  const lines = [1, 2, 3, 4].flatMap((half_iteration) =>
    Array.from({ length: 20 }, (_, i) => {
      const loss = 1 / half_iteration + Math.exp(-i) + 0.05 * Math.sin(i * i);
      const direction = half_iteration % 2 ? "b" : "f";
      return JSON.stringify({ half_iteration, direction, step: 5 * (i + 1), loss });
    }),
  );
  return `${lines.join("\n")}\n`;
}
