// Tables of one's own from the command line: two files, two groups of one file, and conditions.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DataDescription } from "@dsbm/data";
import { readCsv, readRun } from "@dsbm/runs";
import { randn, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { readTrained } from "../../packages/app/inference/src/trained.js";
import { seeded } from "../support/numbers.js";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";

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
    const x = 1e6 + mean[kind] + 0.3 * noise[2 * i];
    return [`r${i}`, x, 0.001 * noise[2 * i + 1], kind, i % 3 === 0 ? 2 : 3].join();
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
it("two tables train, and leave their columns and transform with the run", async () => {
  const { folder, stderr } = await train("two", ...ends, "data.columns=x,y", "data.keep=id");
  expect(stderr).toContain("810 rows of 2 columns (x, y), and 90 held out");
  const { columns, shape } = readTrained(folder, "newest");
  expect(shape).toEqual([2]);
  expect(columns).toMatchObject({ names: ["x", "y"], kept: ["id"], condition: null });
  const description: DataDescription = JSON.parse(readFileSync(join(folder, "data.json"), "utf8"));
  const { transform, source } = description;
  expect(source).toMatchObject({ rows: 900, train: 810, test: 90, dropped: 0, format: "csv" });
  expect(columns?.transform).toEqual(transform);
  expect(transform.mean[0]).toBeCloseTo(1e6, -1);
  expect(transform.std[1]).toBeCloseTo(0.001, 4);
  expect(readCsv(join(folder, "results.csv")).rows.at(-1)?.sliced_w2).toBeLessThan(1.5);
});

it("a changed table is an error, and --again trains on it and keeps the old run", async () => {
  const own = writeTable("changing.csv", 300, 1, { A: 0, B: 0 });
  const words = placed("train", "changing", [
    `Dataset=table:${own}`,
    ends[1],
    ...wordsOf("data.columns=x,y num_iter=5 data.standardise=columns"),
  ]);
  const { folder } = await succeed(words);
  const models = readRun(folder).models.length;
  writeTable("changing.csv", 300, 9, { A: 7, B: 7 });
  await refuse(words, [`${own} has changed since`, "--again"]);
  expect(readRun(folder).models).toHaveLength(models);
  await succeed([...words, "--again"]);
  expect((await succeed(words)).stdout).toContain("is finished already");
  expect(readRun(join(folder, "previous")).models).toHaveLength(models);
});
