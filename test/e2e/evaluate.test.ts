// `dsbm evaluate` as a user types it: a small run is trained and evaluated, with floors and
// ceilings, and one line for each mistake.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MetricRow, type Quality, readQuality } from "@dsbm/runs";
import { Generator, io, randn, type Tensor, zeros } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectLine, scratch, stopAt, succeed, wordsOf } from "./cli.js";
import { commandHere, imageRun, workIn } from "./sample.js";

const root = scratch();
const at = (name: string) => join(root, name);
let run: string;

/** The command in this process: starting one for every mistake would take minutes. */
const evaluate = (...words: string[]) => commandHere("evaluate", ...words);
/** … to an end that is well. */
async function evaluated(...words: string[]) {
  const outcome = await evaluate(...words);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

workIn(root);
beforeAll(async () => {
  const words = `train dataset=moons n_ipf=1 first_num_iter=150 num_iter=150 num_steps=5 data.n_train=500
    data.n_test=300 batch_size=64 plot_level=0 model.hidden=32 threads=1 experiments_dir=${root}`;
  run = (await succeed(wordsOf(words))).folder;
}, 60_000);

const rowsOf = ({ rows }: Quality, metric: string) => rows.filter((row) => row.name === metric);

describe("dsbm evaluate", () => {
  it("measures both directions, each metric beside floor and ceiling, and writes quality.json", async () => {
    const { stdout } = await evaluated(run, "n=200");
    const quality = readQuality(run) as Quality;
    expect(quality).toMatchObject({ split: "test", n: 200, seed: 42, left_out: [] });
    const names = [...new Set(quality.rows.map(({ name }) => name))];
    expect(names).toEqual([
      ...wordsOf("sliced_w2 w2 w1 variance_kept variance_kept_least energy_distance mmd"),
      ...wordsOf("bw2_uvp c2st displacement optimality binding"),
      ...wordsOf("gaussian_bridge_sliced_w2 gaussian_bridge_c2st gaussian_bridge_displacement"),
      ...wordsOf("agreement path_energy npe straightness column_w1"),
    ]);
    expect(quality.verdicts.map(({ direction }) => direction)).toEqual(["f", "b"]);
    for (const { n_held_out, reason } of quality.verdicts) {
      expect(n_held_out).toEqual([200, 200]);
      expect(stdout).toContain(reason);
    }
    const isBaseline = ({ group }: MetricRow) => group === "baselines";
    for (const row of quality.rows.filter((one) => !isBaseline(one))) {
      const { name, value, interval } = row;
      const [low, high] = interval ?? [];
      expect(Number.isFinite(value), name).toBe(true);
      expect(Number(low), name).toBeLessThanOrEqual(value);
      expect(Number(high), name).toBeGreaterThanOrEqual(value);
      expect(row.meaning, name).toMatch(/^\S.*\.$/);
      expect(row.n, name).toBeGreaterThan(0);
      expect(["f", "b"]).toContain(row.direction);
    }
    for (const row of [...rowsOf(quality, "sliced_w2"), ...rowsOf(quality, "w2")]) {
      // Transported rows are closer to the target than the source, and no closer than other target
      // rows.
      expect(row.value).toBeLessThan(row.ceiling as number);
      expect(row.value).toBeGreaterThan(0.5 * (row.floor as number));
      expect(row.ceiling).toBeGreaterThan(row.floor as number);
    }
    const [gaussian] = rowsOf(quality, "gaussian_bridge_sliced_w2");
    expect(gaussian?.value).toBeLessThan(gaussian?.ceiling as number);
    for (const row of rowsOf(quality, "displacement")) {
      expect(row.floor).toBeLessThan(row.value);
      expect(row.ceiling).toBeGreaterThan(row.floor as number);
    }
    const measured = rowsOf(quality, "column_w1").map(({ column }) => column);
    expect(measured.sort()).toEqual(["column 1", "column 1", "column 2", "column 2"]);
    expect(stdout).toMatch(/metric +direction +value +interval +floor +ceiling/);
    expect(stdout.indexOf("sliced 2-Wasserstein")).toBeLessThan(stdout.indexOf("displacement"));
    expect(stdout).toContain(`written to ${join(run, "quality.json")}`);
  });

  it("gives the same again, whatever is measured beside it, and other numbers for another seed", async () => {
    const first = readQuality(run) as Quality;
    // The plan has displacements, which never stand without the distance of the ends.
    const words = [run, "n=200", "direction=f", "metrics=plan", "json=true"];
    const { stdout } = await evaluate(...words, `out=${at("again.json")}`);
    const again = JSON.parse(stdout) as Quality;
    expect(JSON.parse(readFileSync(at("again.json"), "utf8"))).toEqual(again);
    expect(again.rows.map(({ name }) => name)).toEqual([
      ...["sliced_w2", "displacement", "optimality", "binding"],
    ]);
    for (const row of again.rows)
      expect(first.rows.find((r) => r.name === row.name && r.direction === "f")).toEqual(row);
    const others = wordsOf("n=200 direction=f metrics=sliced_w2 seed=1 --json");
    const other = await evaluate(run, ...others, `out=${at("other.json")}`);
    expect((JSON.parse(other.stdout) as Quality).rows[0]?.value).not.toBe(again.rows[0]?.value);
    // Elsewhere written: the run's own is as it was.
    expect(readQuality(run)).toEqual(first);
    // A part does not take the place of the whole table.
    const part = await evaluate(run, "n=200", "direction=f", "metrics=sliced_w2");
    expect(part.stdout).toContain("not written, as ");
    expect(readQuality(run)).toEqual(first);
  });

  it("compares the marginal at a time with what was held out there", async () => {
    const generator = Generator.create(5);
    writeFileSync(at("middle.npy"), io.encodeNpy(randn([120, 2], { generator }).mul(0.8)));
    const words =
      "metrics=sliced_w2 direction=f holdout=middle.npy,middle.npy at=0.5,0.3 json=true";
    const { stdout } = await evaluated(run, ...wordsOf(words), `out=${at("held.json")}`);
    const quality = JSON.parse(stdout) as Quality;
    const found = rowsOf(quality, "holdout_w1");
    expect(found.map(({ title }) => title)).toEqual([
      "exact 1-Wasserstein to middle.npy at t = 0.5",
      "exact 1-Wasserstein to middle.npy at t = 0.3",
    ]);
    for (const row of found) {
      expect(row.meaning).toMatch(
        /^All source rows, transported .*\. No floor for this many rows.* \(120 held-out rows\)/,
      );
      expect(row.floor).toBeNull();
      expect(row.ceiling).toBeGreaterThan(0);
      expect(row.value).toBeLessThan(2);
    }
    const halves = rowsOf(quality, "holdout_w1_half");
    expect(halves).toHaveLength(2);
    expect(halves[0]).toMatchObject({
      n: 60,
      meaning: expect.stringContaining("(60 held-out rows)"),
    });
    expect(halves[0]?.floor).toBeLessThan(halves[0]?.value as number);
  });

  it("measures of pictures what makes sense there, and says what it leaves out", async () => {
    const images = imageRun(at("images"));
    const metrics = "sliced_w2,w2,variance_kept,displacement,agreement,path_energy,npe";
    const words = ["n=12", "direction=b", `metrics=${metrics}`];
    const { stdout } = await evaluated(images, ...words);
    const { rows, left_out } = readQuality(images) as Quality;
    expect(rows.map(({ name }) => name)).toEqual([
      ...["sliced_w2", "variance_kept", "displacement", "agreement", "path_energy"],
    ]);
    expect(left_out).toEqual(["w2, npe: it is for vectors"]);
    expect(stdout).toContain("left out: w2, npe: it is for vectors");
  });

  it.each(["global", "columns"])(
    "measures tables in their own units, standardise=%s",
    async (how) => {
      const column = (seed: number, shift: number) =>
        randn([90, 1], { generator: Generator.create(seed) })
          .mul(50)
          .add(shift);
      const text = (x: Tensor) => ["weight", ...x.toNumbers().map((v) => v.toFixed(3))].join("\n");
      writeFileSync(at("a.csv"), text(column(1, 1000)));
      writeFileSync(at("b.csv"), text(column(2, 1300)));
      const words = `train dataset=vectors Dataset=table:a.csv Dataset_transfer=table:b.csv data.standardise=${how}
      data.test_fraction=0.4 n_ipf=1 first_num_iter=20 num_iter=20 num_steps=4 plot_level=0 model.hidden=16 batch_size=16
      threads=1 name=${how} experiments_dir=${root}`;
      const { folder } = await succeed(wordsOf(words), { cwd: root });
      await evaluated(folder, "metrics=w1,columns,displacement");
      const quality = readQuality(folder) as Quality;
      const { std } = JSON.parse(readFileSync(join(folder, "data.json"), "utf8")).transform;
      // Of one column both are the same but for the unit.
      const unit = how === "global" ? 1 : std[0];
      for (const direction of ["f", "b"]) {
        const [one, other] = ["w1", "column_w1"].map((name) =>
          rowsOf(quality, name).find((row) => row.direction === direction),
        );
        expect((one?.value as number) * unit).toBeCloseTo(other?.value as number, 2);
        expect((one?.ceiling as number) * unit).toBeCloseTo(other?.ceiling as number, 2);
        expect(other?.ceiling).toBeGreaterThan(200);
        expect(other?.column).toBe("weight");
      }
      const [moved] = rowsOf(quality, "displacement");
      expect((moved?.ceiling as number) * unit ** 2).toBeGreaterThan(1000);
    },
  );

  it.each([
    ["no run", () => [], ["no arguments; expected RUN"]],
    ["two runs", () => [run, run], ["expected RUN"]],
    ["no folder", () => ["nowhere"], ["nowhere"]],
    ["an unknown metric", () => [run, "metrics=nonsense"], ["metrics=nonsense", "sliced_w2"]],
    ["an unknown key", () => [run, "nn=3"], ["nn"]],
    [
      "a noise beside a solver without",
      () => [run, "diffusion=1", "solver=heun"],
      ["diffusion=1", "leave diffusion or solver out"],
    ],
    [
      "guidance of networks without",
      () => [run, "guidance=2"],
      ["guidance=2", "condition_dropout"],
    ],
    ["a hold-out without its time", () => [run, "holdout=middle.npy"], ["1 files", "at=0.5"]],
    ["a time outside", () => [run, "holdout=middle.npy", "at=1.5"], ["at"]],
    ["a missing file", () => [run, "holdout=no.npy", "at=0.5"], ["no.npy", "no such file"]],
    [
      "another number of columns",
      () => [run, "holdout=wide.npy", "at=0.5"],
      ["wide.npy", "3 columns", "expected 2"],
    ],
    ["values that are not finite", () => [run, "holdout=nan.npy", "at=0.5"], ["nan.npy", "c0"]],
  ] as [string, () => string[], string[]][])("refuses %s in a line", async (_, words, texts) => {
    writeFileSync(at("wide.npy"), io.encodeNpy(zeros([9, 3])));
    writeFileSync(at("nan.npy"), io.encodeNpy(zeros([9, 2]).div(0)));
    const { code, stderr } = await evaluate(...words());
    expect([1, 2]).toContain(code);
    expectLine(stderr, texts);
  });

  it("ends at Ctrl-C and writes nothing", async () => {
    const args = ["evaluate", run, `out=${at("stopped.json")}`];
    const { code, stderr } = await stopAt(args, /measuring/);
    expect(code, stderr).toBe(130);
    expect(stderr).toContain("stopped; nothing was written");
    expect(existsSync(at("stopped.json"))).toBe(false);
  });
});
