// `dsbm evaluate` as a user types it: a small run is trained and evaluated, with floors and
// ceilings, and one line for each mistake.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measureQuality } from "@dsbm/evaluation";
import { type Quality, readQuality, readRun } from "@dsbm/runs";
import { Generator, io, randn, zeros } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { metrics } from "../../packages/app/evaluation/src/metrics/index.js";
import { expectLine, scratch, stopAt, succeed, wordsOf } from "./cli.js";
import { commandHere, imageRun, runWell, workIn } from "./sample.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
let run: string;

const evaluateRun = (...words: string[]) => runWell("evaluate", ...words);

workIn(root);
beforeAll(async () => {
  const words = `train dataset=moons n_ipf=1 first_num_iter=150 num_iter=150 num_steps=5 data.n_train=500
    data.n_test=300 batch_size=64 plot_level=0 model.hidden=32 threads=1 experiments_dir=${root}`;
  run = (await succeed(wordsOf(words))).folder;
  const generator = Generator.create(5);
  writeFileSync(pathOf("middle.npy"), io.encodeNpy(randn([120, 2], { generator }).mul(0.8)));
});

const rowsOf = ({ rows }: Quality, metric: string) => rows.filter((row) => row.name === metric);

it("measures both directions, each metric with floor and ceiling, and writes quality.json", async () => {
  const { stdout } = await evaluateRun(run, "n=200", "exact=150");
  const quality = readQuality(run) as Quality;
  expect(quality).toMatchObject({ split: "test", n: 200, seed: 42 });
  expect(quality.left_out).toEqual([
    expect.stringMatching(
      /^rows beyond 150 of exact distances: exact=200 takes more; .* 30000 rows/,
    ),
  ]);
  const names = [...new Set(quality.rows.map(({ name }) => name))];
  const ofMiddle = wordsOf("middle_sliced_w2 middle_variance_ratio");
  // Known values of these are in metrics.test.ts; a further metric that serves such data joins them by itself.
  const expected = [
    ...wordsOf("sliced_w2 w2 w1 variance_ratio variance_ratio_least energy_distance mmd c2st"),
    ...wordsOf("displacement optimality binding cycle_error path_energy npe column_w1"),
  ];
  expect(names).toEqual(expect.arrayContaining([...expected, ...ofMiddle]));
  const measured = new Set(names);
  expect(names.filter((name) => !ofMiddle.includes(name))).toEqual(
    metrics.map(({ name }) => name).filter((name) => measured.has(name)),
  );
  expect(quality.verdicts.map(({ direction }) => direction)).toEqual(["f", "b"]);
  for (const { n_held_out, reason } of quality.verdicts) {
    expect(n_held_out).toEqual([200, 200]);
    expect(stdout).toContain(reason);
  }
  for (const { name, value, interval, meaning } of quality.rows) {
    expect(meaning, name).toMatch(/^\S.*\.$/);
    expect(interval?.[0], name).toBeLessThanOrEqual(value);
    expect(interval?.[1], name).toBeGreaterThanOrEqual(value);
  }
  // Transported rows are closer to the target than the source, and no closer than other target rows.
  for (const row of [...rowsOf(quality, "sliced_w2"), ...rowsOf(quality, "w2")]) {
    expect(row.value).toBeLessThan(row.ceiling as number);
    expect(row.value).toBeGreaterThan(0.5 * (row.floor as number));
  }
  expect(stdout).toMatch(/metric +direction +value +interval +floor +ceiling/);
  expect(stdout).toContain(`written to ${join(run, "quality.json")}`);

  // The same again, whatever else is measured, and other numbers for another seed.
  const words = [run, "n=200", "exact=150", "direction=f", "json=true"];
  const again = await evaluateRun(...words, "metrics=plan", `out=${pathOf("again.json")}`);
  const { rows } = JSON.parse(again.stdout) as Quality;
  expect(JSON.parse(readFileSync(pathOf("again.json"), "utf8")).rows).toEqual(rows);
  expect(rows.map(({ name }) => name)).toEqual(wordsOf("displacement optimality binding"));
  for (const row of rows)
    expect(quality.rows.find((r) => r.name === row.name && r.direction === "f")).toEqual(row);
  const other = await evaluateRun(
    ...words,
    "metrics=sliced_w2",
    "seed=1",
    `out=${pathOf("other.json")}`,
  );
  expect((JSON.parse(other.stdout) as Quality).rows[0]?.value).not.toBe(rows[0]?.value);
  // A part does not take the place of the whole table.
  const part = await evaluateRun(run, "n=200", "direction=f", "metrics=sliced_w2");
  expect(part.stdout).toContain("not written: ");
  expect(readQuality(run)).toEqual(quality);
});

it("compares the marginal at a time with the held-out rows of this time", async () => {
  const words = "metrics=sliced_w2 direction=f holdout=middle.npy,middle.npy at=0.5,0.3 json=true";
  const { stdout } = await evaluateRun(run, ...wordsOf(words), `out=${pathOf("held.json")}`);
  const quality = JSON.parse(stdout) as Quality;
  const held = rowsOf(quality, "holdout_a_w1");
  expect(held.map(({ title }) => title)).toEqual([
    "exact 1-Wasserstein at time 0.5 (middle.npy), from time 0",
    "exact 1-Wasserstein at time 0.3 (middle.npy), from time 0",
  ]);
  expect(held).toMatchObject([{ n: 60 }, { n: 60 }]);
  expect(held[0]?.floor).toBeLessThan(held[0]?.value);
});

it("measures images by metrics of images, and says what it skips", async () => {
  const images = imageRun(pathOf("images"));
  const metrics = "metrics=sliced_w2,w2,variance_kept,displacement,agreement,path_energy,npe";
  const { stdout } = await evaluateRun(images, "n=12", "direction=b", metrics);
  expect((readQuality(images) as Quality).rows.map(({ name }) => name)).toEqual(
    wordsOf("sliced_w2 variance_ratio displacement cycle_error path_energy"),
  );
  expect(stdout).toContain("left out: w2, npe: it is for vectors");
});

it("measures each class of images, and names classes with too few images", async () => {
  const words = wordsOf(`model.class_cond=true Dataset=synthetic_shapes
    Dataset_transfer=synthetic_shapes`);
  const folder = imageRun(pathOf("classes"), words, { classes: 2 });
  const options = { n: 40, direction: "f", metrics: "conditions", threads: 1 } as const;
  const { rows } = (await measureQuality(folder, options)) as Quality;
  const ofFirst = rows.filter(({ at }) => at === rows[0]?.at);
  expect(ofFirst.map(({ name }) => name)).toEqual(
    ["sliced_w2", "feature_distance", "variance_ratio"].map((name) => `condition_${name}`),
  );
  expect(rows).toHaveLength(2 * ofFirst.length);
  const few = (await measureQuality(folder, { ...options, n: 12 })) as Quality;
  expect(few.left_out.join()).toMatch(/class = square.*: fewer than 8 rows/);
});

it.each([
  ["RUN RUN", ["expected RUN"]],
  ["nowhere", ["nowhere"]],
  ["RUN metrics=nonsense", ["metrics=nonsense", "sliced_w2"]],
  ["RUN diffusion=1 solver=heun", ["diffusion=1", "leave diffusion or solver out"]],
  ["RUN guidance=2", ["guidance=2", "condition_dropout"]],
  ["RUN holdout=middle.npy", ["1 file and holdout_at 0 times", "at=0.5"]],
  ["RUN holdout=no.npy at=0.5", ["no.npy", "no such file"]],
  ["RUN holdout=wide.npy at=0.5", ["wide.npy", "numbers: 3", "expected 2"]],
  ["RUN holdout=nan.npy at=0.5", ["nan.npy", "c0"]],
])("refuses %s in a line", async (words, texts) => {
  writeFileSync(pathOf("wide.npy"), io.encodeNpy(zeros([9, 3])));
  writeFileSync(pathOf("nan.npy"), io.encodeNpy(zeros([9, 2]).div(0)));
  const args = words.split(" ").map((word) => (word === "RUN" ? run : word));
  const { code, stderr } = await commandHere("evaluate", ...args);
  expect([1, 2]).toContain(code);
  expectLine(stderr, texts);
});

it("ends at Ctrl-C and writes nothing", async () => {
  const args = ["evaluate", run, `out=${pathOf("stopped.json")}`];
  const { code, stderr } = await stopAt(args, /measuring/);
  expect(code, stderr).toBe(130);
  expect(stderr).toContain("stopped; nothing was written");
  expect(existsSync(pathOf("stopped.json"))).toBe(false);
});

it("a run whose extension was killed before its evaluation is evaluated by the same command", async () => {
  await evaluateRun(run, "n=200");
  const before = readQuality(run);
  const words = ["extend", run, "+2"];
  const killed = await stopAt(words, /half-iteration 4\/4 f: trained/, { signal: "SIGKILL" });
  expect(killed.signal).toBe("SIGKILL");
  await runWell("extend", ...words.slice(1));
  expect(readQuality(run)?.rows).not.toEqual(before?.rows);
  expect(readRun(run).config.half_iterations).toBe(4);
});
