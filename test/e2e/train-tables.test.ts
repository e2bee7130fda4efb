// Tables of one's own from the command line: two files, two groups of one file, and conditions.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DataDescription } from "@dsbm/data";
import { readCsv, readRun } from "@dsbm/runs";
import { randn, setNumThreads, tensor, tidy, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { Bridge } from "../../packages/app/inference/src/bridge.js";
import { readTrained } from "../../packages/app/inference/src/trained.js";
import { seeded } from "../support/numbers.js";
import { refuse, scratch, stopAt, succeed, wordsOf } from "./cli.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

const quick = wordsOf(`
  dataset=vectors n_ipf=1 num_iter=200 num_steps=10 test_npar=100 batch_size=128 threads=1 plot_level=0 gif=false
`);

/** Normal points around the mean of a row's class, in odd units: x near a million, y in thousandths. */
function writeTable(
  name: string,
  rows: number,
  seed: number,
  mean: Record<string, number>,
): string {
  const noise = tidy(() => randn([rows, 2], { generator: seeded(seed) }).toNumbers());
  const lines = Array.from({ length: rows }, (_, i) => {
    const kind = i % 2 === 0 ? "A" : "B";
    const x = 1e6 + (mean[kind] as number) + 0.3 * (noise[2 * i] as number);
    return [`r${i}`, x, 0.001 * (noise[2 * i + 1] as number), kind, i % 3 === 0 ? 2 : 3].join();
  });
  const path = join(root, name);
  writeFileSync(path, `id,x,y,kind,day\n${lines.join("\n")}\n`);
  return path;
}

const source = writeTable("before.csv", 900, 1, { A: 0, B: 0 });
const target = writeTable("after.csv", 600, 2, { A: 3, B: -3 });
const ends = [`Dataset=table:${source}`, `Dataset_transfer=table:${target}`];

const placed = (command: string, name: string, words: readonly string[]) => [
  command,
  ...quick,
  `name=${name}`,
  `experiments_dir=${root}`,
  `paths.data_dir_name=${join(root, "data")}`,
  ...words,
];
const train = (name: string, ...words: string[]) => succeed(placed("train", name, words));
const describedIn = (folder: string): DataDescription =>
  JSON.parse(readFileSync(join(folder, "data.json"), "utf8"));
const distances = (folder: string) =>
  readCsv(join(folder, "results.csv")).rows.map((row) => row.sliced_w2 as number);

describe("two tables", () => {
  let folder = "";
  const words = [...ends, "data.columns=x,y", "data.keep=id"];
  beforeAll(async () => {
    const trained = await train("two", ...words);
    expect(trained.stderr).toContain("810 rows of 2 columns (x, y), and 90 held out");
    folder = trained.folder;
  });

  it("train, and leave their columns and transform with the run", () => {
    const { columns, shape } = readTrained(folder, "newest");
    expect(shape).toEqual([2]);
    expect(columns).toMatchObject({ names: ["x", "y"], kept: ["id"], condition: null });
    const { transform, source } = describedIn(folder);
    expect(source).toMatchObject({ rows: 900, train: 810, test: 90, dropped: 0, format: "csv" });
    expect(columns?.transform).toEqual(transform);
    expect(transform.mean[0]).toBeCloseTo(1e6, -1);
    expect(transform.std[1]).toBeCloseTo(0.001, 4);
    expect(distances(folder).at(-1)).toBeLessThan(1.5);
  });

  it("resume exactly after a stop, and refuse to with other data", async () => {
    const args = placed("train", "parts", [...words, "checkpoint_stride=50"]);
    const stopped = await stopAt(args, /half-iteration 2\/2 f: 1 thread/);
    expect(stopped.code).toBe(130);
    const content = readFileSync(target, "utf8");
    writeFileSync(target, content.replace("\nr0,", "\nr0,9"));
    await refuse(args, ["has changed since", "--again"]);
    writeFileSync(target, content);
    const resumed = await succeed(args);
    expect(distances(resumed.folder)).toEqual(distances(folder));
  });
});

it("one table and a Gaussian at time 1 leave a description of the table", async () => {
  const words = [`Dataset=table:${source}`, "transfer=false", "data.columns=x,y", "num_iter=20"];
  const { folder } = await train("gaussian", ...words);
  const { target, columns } = describedIn(folder);
  expect([target, columns[0]?.target]).toEqual([null, null]);
  expect(readTrained(folder, "newest").columns?.names).toEqual(["x", "y"]);
});

it("a condition of classes leads each to its own", async () => {
  const words = wordsOf(
    "data.columns=x data.condition=kind num_iter=400 sigma=0.5 first_coupling=ind",
  );
  const { folder } = await train("classes", ...ends, ...words);
  expect(readTrained(folder, "newest").columns?.condition?.classes).toEqual(["A", "B"]);
  using bridge = Bridge.open(folder, { threads: 1 });
  const { mean, std } = bridge.trained.columns!.transform;
  for (const [onehot, expected] of [
    [[1, 0], 3],
    [[0, 1], -3],
  ] as const) {
    const cond = tensor([...onehot])
      .reshape([1, 2])
      .expand([200, 2])
      .contiguous();
    const { x } = await bridge.sample(zeros([200, 1]), {
      direction: "f",
      given: { cond },
      seed: 1,
    });
    const centre = tidy(() => x.mean().item()) * std[0]! + mean[0]! - 1e6;
    expect(Math.abs(centre - expected)).toBeLessThan(1);
    x.dispose();
  }
});

it("a changed table is an error, and --again trains on it and keeps the old run", async () => {
  const own = writeTable("changing.csv", 300, 1, { A: 0, B: 0 });
  const words = placed("train", "changing", [
    `Dataset=table:${own}`,
    ends[1] as string,
    ...wordsOf("data.columns=x,y num_iter=5 data.standardise=columns"),
  ]);
  const { folder } = await succeed(words);
  const models = readRun(folder).models.length;
  writeTable("changing.csv", 300, 9, { A: 7, B: 7 });
  await refuse(words, [`${own} has changed since`, "--again"]);
  expect(readRun(folder).models).toHaveLength(models);
  // What is wrong with the new table is said before anything is moved.
  writeFileSync(own, "nothing\n");
  await refuse([...words, "--again"], ["changing.csv"]);
  expect(readRun(folder).models).toHaveLength(models);
  writeTable("changing.csv", 300, 9, { A: 7, B: 7 });
  await succeed([...words, "--again"]);
  expect((await succeed(words)).stdout).toContain("is finished already");
  expect(readRun(join(folder, "previous")).models).toHaveLength(models);
});
