// Tables of one's own from the command line: two files, two groups of one file, conditions, and what is refused.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DataDescription } from "@dsbm/data";
import { readCsv } from "@dsbm/runs";
import { randn, setNumThreads, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { Bridge } from "../../packages/app/inference/src/bridge.js";
import { readTrained } from "../../packages/app/inference/src/trained.js";
import { seeded } from "../support/numbers.js";
import { dsbm, expectLine, refuse, scratch, stopAt, succeed, wordsOf } from "./cli.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

const quick = wordsOf(`
  dataset=vectors n_ipf=1 num_iter=200 num_steps=10 test_npar=100 batch_size=128 threads=1 plot_level=0 gif=false
`);

/** Normal points around the mean of a row's class or dose, in odd units: x near a million, y in thousandths. */
function table(
  name: string,
  rows: number,
  seed: number,
  mean: (c: string, dose: number) => number,
): string {
  const noise = tidy(() => randn([rows, 3], { generator: seeded(seed) }).toNumbers());
  const lines = Array.from({ length: rows }, (_, i) => {
    const c = i % 2 === 0 ? "A" : "B";
    const dose = (i % 100) / 50;
    const x = 1e6 + mean(c, dose) + 0.3 * (noise[3 * i] as number);
    return [`r${i}`, x, 0.001 * (noise[3 * i + 1] as number), c, dose, i % 3 === 0 ? 2 : 3].join();
  });
  const path = join(root, name);
  writeFileSync(path, `id,x,y,kind,dose,day\n${lines.join("\n")}\n`);
  return path;
}

const source = table("before.csv", 900, 1, () => 0);
const target = table("after.csv", 600, 2, (c, dose) => (c === "A" ? 3 : -3) + dose);

const placed = (command: string, name: string, ...words: string[]) => [
  ...[command, ...quick, `name=${name}`, `experiments_dir=${root}`],
  ...[`paths.data_dir_name=${join(root, "data")}`, ...words],
];
const train = (name: string, ...words: string[]) => succeed(placed("train", name, ...words));
const ends = [`Dataset=table:${source}`, `Dataset_transfer=table:${target}`];

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
    const saved = JSON.parse(readFileSync(join(folder, "data.json"), "utf8")) as DataDescription;
    const counts = { rows: 900, train: 810, test: 90, dropped: 0 };
    expect(saved.source).toMatchObject({ ...counts, format: "csv" });
    expect(columns?.transform).toEqual(saved.transform);
    const { mean, std } = saved.transform;
    expect(mean[0]).toBeCloseTo(1e6, -1);
    expect(std[0]).toBeGreaterThan(1);
    expect(std[1]).toBeCloseTo(0.001, 4);
    expect(saved.columns[1]?.source.std).toBeCloseTo(0.001, 4);
    const row = readCsv(join(folder, "results.csv")).rows.at(-1);
    expect(row?.sliced_w2).toBeLessThan(1.5);
  });

  it("are evaluated again by dsbm test with the same numbers", async () => {
    const tested = await succeed(placed("test", "two", ...words));
    const again = readCsv(join(tested.folder, "results.csv")).rows;
    const before = readCsv(join(folder, "results.csv")).rows.at(-1);
    const last = again.findLast(({ sampler }) => sampler === "sde");
    expect(last?.sliced_w2).toBe(before?.sliced_w2);
  });

  it("go on exactly after a stop, and refuse to with other data", async () => {
    const args = placed("train", "parts", ...words, "checkpoint_stride=50");
    const stopped = await stopAt(args, /half-iteration 2\/2 f: 1 thread/);
    expect(stopped.code).toBe(130);
    const kept = readFileSync(target);
    writeFileSync(target, kept.toString().replace("\nr0,", "\nr0,9"));
    const other = await dsbm(args);
    expect(other.code).not.toBe(0);
    expectLine(other.stderr, ["the data are not those", "data.json", "--again"]);
    writeFileSync(target, kept);
    const resumed = await succeed(args);
    const values = (at: string) =>
      readCsv(join(at, "results.csv")).rows.map((row) => row.sliced_w2);
    expect(values(resumed.folder)).toEqual(values(folder));
  });
});

it("two groups of one table are its ends", async () => {
  const words =
    "Dataset_transfer=null data.columns=x,y data.split_by=day data.source=2 data.target=3 num_iter=20";
  const { folder } = await train("groups", `Dataset=table:${target}`, ...wordsOf(words));
  const saved = JSON.parse(readFileSync(join(folder, "data.json"), "utf8"));
  expect([saved.source.rows, saved.target.rows]).toEqual([200, 400]);
  expect([saved.source.group, saved.target.group]).toEqual(["2", "3"]);
});

it("one table and a Gaussian at time 1 leave a description of the table", async () => {
  const words = [`Dataset=table:${source}`, "transfer=false", "data.columns=x,y", "num_iter=20"];
  const { folder } = await train("gaussian", ...words);
  const saved = JSON.parse(readFileSync(join(folder, "data.json"), "utf8")) as DataDescription;
  expect([saved.target, saved.columns[0]?.target]).toEqual([null, null]);
  expect(readTrained(folder, "newest").columns?.names).toEqual(["x", "y"]);
});

describe("a condition", () => {
  const conditioned = wordsOf("data.columns=x num_iter=400 sigma=0.5 first_coupling=ind");
  /** Where points at 0 go by their condition, in the table's units. */
  async function carried(folder: string, cond: Tensor): Promise<number> {
    using bridge = Bridge.open(folder, { threads: 1 });
    const { transform } = bridge.trained.columns!;
    const n = cond.size(0);
    const how = { direction: "f", given: { cond }, seed: 1 } as const;
    const { x } = await bridge.sample(zeros([n, 1]).sub(0), how);
    const mean = tidy(() => x.mean().item());
    x.dispose();
    return mean * transform.std[0]! + transform.mean[0]! - 1e6;
  }

  it.each(["time_frequencies=0", "time_frequencies=4"])(
    "of classes leads each to its own (%s)",
    async (model) => {
      const words = ["data.condition=kind", `model.${model}`, ...conditioned];
      const { folder } = await train("classes", ...ends, ...words);
      expect(readTrained(folder, "newest").columns?.condition?.classes).toEqual(["A", "B"]);
      const of = (a: number, b: number) =>
        tensor([a, b]).reshape([1, 2]).expand([200, 2]).contiguous();
      // Targets lie at 3 + dose and −3 + dose with doses between 0 and 2.
      const [a, b] = [await carried(folder, of(1, 0)), await carried(folder, of(0, 1))];
      expect(Math.abs(a - 4)).toBeLessThan(1);
      expect(Math.abs(b + 2)).toBeLessThan(1);
    },
  );

  it("of numbers shifts the ends with them", async () => {
    const rising = table("rising.csv", 900, 4, (_, dose) => 4 * dose);
    const tables = [`Dataset=table:${source}`, `Dataset_transfer=table:${rising}`];
    const { folder } = await train("numbers", ...tables, "data.condition=dose", ...conditioned);
    const { mean, std } = readTrained(folder, "newest").columns!.condition!;
    const at = (dose: number) => carried(folder, zeros([200, 1]).add((dose - mean) / std));
    const [low, high] = [await at(0.25), await at(1.75)];
    expect(Math.abs(low - 1)).toBeLessThan(1);
    expect(Math.abs(high - 7)).toBeLessThan(1);
  });
});

const beside = (set: string) => [ends[0]!, "data.columns=x,y", `Dataset_transfer=${set}`];
it.each([
  ["a text column", ends, ["before.csv", "id", "data.exclude=id,kind", "data.condition="]],
  ["a missing file", beside(`table:${root}/aftr.csv`), ['did you mean "after.csv"']],
  ["one table and drawn points", beside("normal"), ["transfer=false"]],
])("%s is refused in one line", async (_, words, texts) => {
  await refuse(placed("train", "refused", ...words), texts);
});
