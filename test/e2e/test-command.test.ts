// `dsbm test` as a user types it: a finished run evaluated again, by its sampler and its probability flow, found by its
// words, in a folder of its own.
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { loadTable } from "@dsbm/data";
import { type Row, readCsv, readMetrics, readRun } from "@dsbm/runs";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { dsbm, folderIn, type Outcome, scratch, stopAt, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();
const [, ...words] = quick;
const run = [...words, "metrics.judge=false", "plot_level=0", "gif=false", "step_variance=bridge"];
const flow = ["ode_sampler=euler", "ode_euler_step_size=0.25"];

/** Evaluates with these words more, and finds what came out. */
async function test(
  name: string,
  ...more: string[]
): Promise<Outcome & { folder: string; rows: Row[] }> {
  const args = ["test", ...run, `name=${name}`, `experiments_dir=${root}`, ...more];
  const outcome = await dsbm(args);
  const folder = folderIn(outcome.stdout);
  expect(outcome.stderr).not.toMatch(/bug|\n\s+at /);
  return { ...outcome, folder, rows: folder ? readCsv(join(folder, "results.csv")).rows : [] };
}

const train = (name: string, ...more: string[]) =>
  dsbm(["train", ...run, `name=${name}`, `experiments_dir=${root}`, ...more]);

const labels = (rows: readonly Row[]) =>
  rows.map((r) => `${r.half_iteration}${r.direction} ${r.sampler}`);

/** Only what the samples are, not how long they took. */
const numbers = ({ seconds, seconds_per_batch, split, sampler, ...rest }: Row) => rest;

/** Every file below a folder but those of evaluations, by its hash. */
function contents(folder: string, within = folder): Record<string, string> {
  const entries = readdirSync(within, { withFileTypes: true });
  return Object.assign(
    {},
    ...entries.map((entry) => {
      const path = join(within, entry.name);
      if (entry.isDirectory()) return entry.name === "test" ? {} : contents(folder, path);
      const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
      return { [relative(folder, path)]: hash };
    }),
  );
}

let trained = "";
beforeAll(async () => {
  setNumThreads(1);
  const { stdout, code } = await train("whole");
  expect(code).toBe(0);
  trained = folderIn(stdout);
});

describe("a finished run", () => {
  it("is measured as in training, and along its flow; what training left stays", async () => {
    const before = contents(trained);
    const { code, rows, folder, stdout } = await test("whole", ...flow, "plot_level=2", "gif=true");
    expect(code).toBe(0);
    expect(contents(trained)).toEqual(before);
    expect(folder.startsWith(join(trained, "test"))).toBe(true);

    expect(labels(rows)).toEqual(["3b sde", "4f sde", "4b ode", "4f ode"]);
    const [b, f] = ["b", "f"].map((direction) =>
      readCsv(join(trained, "results.csv")).rows.findLast((row) => row.direction === direction),
    ) as [Row, Row];
    expect(numbers(rows[0] as Row)).toEqual(numbers(b));
    expect(numbers(rows[1] as Row)).toEqual(numbers(f));
    for (const row of rows.slice(2)) {
      expect(row).toMatchObject({ nfe: 4, n: 64, split: "test", step: 12 });
      // Without noise, and hardly trained: samples move far less than the noise of the other sampler moves them.
      expect(Number(row.msd)).toBeGreaterThan(0);
      expect(Number(row.msd)).toBeLessThan(Number(b.msd));
    }

    const metrics = readMetrics(join(folder, "metrics.jsonl"));
    expect(metrics.map((line) => line["b/test/msd"] ?? line["f/test/msd"])).toEqual([
      rows[0]?.msd,
      rows[1]?.msd,
      undefined,
      undefined,
    ]);
    expect(metrics[2]?.["b/test/ode/nfe"]).toBe(4);
    expect(metrics[3]?.["f/test/ode/msd"]).toBe(rows[3]?.msd);
    expect(metrics[3]).toHaveProperty(["f/test/ode/end_var"]);
    const samples = readdirSync(join(folder, "samples"));
    for (const id of ["0003_b_sde", "0004_f_sde", "0004_b_ode", "0004_f_ode"])
      for (const name of ["start.png", "end.png", "data.png", "path.png", "path.gif"])
        expect(samples).toContain(`${id}_${name}`);
    const page = readFileSync(join(folder, "report.html"), "utf8");
    expect([...page.matchAll(/<img src="data:image\/(png|gif);base64,/g)]).toHaveLength(20);
    expect(stdout).toMatch(/sampler.*nfe.*msd/);

    const again = await test("whole", ...flow, "plot_level=2", "gif=true");
    expect(again).toMatchObject({ code: 0, folder });
    expect(again.stdout).toContain("is finished already");
    const anew = await test("whole", ...flow, "plot_level=2", "gif=true", "--again");
    expect(anew.stdout).not.toContain("is finished already");
    expect(anew.rows.map(numbers)).toEqual(rows.map(numbers));
  });

  it("is found with any number of steps, and evaluated on what it was trained on", async () => {
    const more = ["test_num_steps=9", "split=train", "test_npar=40", "test_batch_size=15"];
    const { code, rows, folder } = await test("whole", ...more, "ode_tol=1e-2", "threads=2");
    expect(code).toBe(0);
    expect(folder.startsWith(join(trained, "test"))).toBe(true);
    expect(labels(rows)).toEqual(["3b sde", "4f sde", "4b ode", "4f ode"]);
    for (const row of rows) expect(row).toMatchObject({ split: "train", n: 40 });
    expect(rows[0]?.nfe).toBe(9);
    // Three batches, each with steps of its own.
    expect(Number(rows[2]?.nfe)).toBeGreaterThan(6);
    const mean = tidy(() => {
      const options = { split: "train", image_size: 8, seed: 3, channels: 1 } as const;
      const { x } = loadTable("synthetic_squares", options);
      return x.to("float64").div(127.5).sub(1).mean().item();
    });
    // Forty rows in random order.
    expect(Math.abs(Number(rows[1]?.start_mean) - mean)).toBeLessThan(0.1);
    const names = readMetrics(join(folder, "metrics.jsonl")).flatMap(Object.keys);
    expect(names).toContain("f/train/ode/msd");
    expect(names.join()).not.toContain("/test/");
  });

  it("is evaluated as it was after any half-iteration", async () => {
    const one = await test("whole", "half_iteration=[1,2]", ...flow);
    expect(labels(one.rows)).toEqual(["1b sde", "1b ode", "1f ode", "2f sde", "2b ode", "2f ode"]);
    const first = readCsv(join(trained, "results.csv")).rows[0] as Row;
    expect(numbers(one.rows[0] as Row)).toEqual(numbers(first));
    // One drift alone, and with the other: the flow is another.
    expect(one.rows[1]?.msd).not.toBe(one.rows[4]?.msd);
    const all = await test("whole", "half_iteration=all", "test_ode_sampler=false");
    expect(labels(all.rows)).toEqual(["1b sde", "2f sde", "3b sde", "4f sde"]);
    const gone = await test("whole", "half_iteration=7");
    expect(gone.code).not.toBe(0);
    expect(gone.stderr).toMatch(/dsbm: half_iteration=7: .*1 \(b\), 2 \(f\), 3 \(b\), 4 \(f\)/);
  });

  it("is evaluated in sweeps", async () => {
    const { code, stdout } = await test(
      "whole",
      ...wordsOf("test_num_steps=3,5 test_ode_sampler=false test_npar=8"),
      "-m",
    );
    expect(stdout).toContain("2 finished");
    expect(code).toBe(0);
    const folders = readdirSync(join(trained, "test"));
    for (const steps of ["_3steps", "_5steps"])
      expect(folders.filter((name) => name.includes(steps))).toHaveLength(1);
  });

  it("is evaluated anew where it has other weights", async () => {
    const more = ["test_ode_sampler=false", "test_npar=12", "half_iteration=4"];
    const before = await test("whole", ...more);
    const copy = join(root, "copied", ...relative(join(root, "whole"), trained).split("/"));
    cpSync(trained, copy, { recursive: true });
    const there = await test("copied", ...more);
    expect(there.stdout).toContain("is finished already");
    cpSync(join(copy, "models", "2_f.safetensors"), join(copy, "models", "4_f.safetensors"));
    rmSync(join(copy, "manifest.jsonl"));
    const other = await test("copied", ...more);
    expect(other.stdout).not.toContain("is finished already");
    expect(other.rows).toHaveLength(1);
    expect(other.rows[0]?.msd).not.toBe(before.rows[0]?.msd);
  });
});

describe("a run that is not whole", () => {
  it("is evaluated by what it has: one drift alone carries both ways", async () => {
    const copy = join(root, "half", ...relative(join(root, "whole"), trained).split("/"));
    cpSync(trained, copy, { recursive: true });
    rmSync(join(copy, "test"), { recursive: true, force: true });
    for (const file of ["2_f", "3_b", "4_f"]) rmSync(join(copy, "models", `${file}.safetensors`));
    const { rows } = await test("half", ...flow);
    expect(labels(rows)).toEqual(["1b sde", "1b ode", "1f ode"]);
    rmSync(join(copy, "models", "1_b.safetensors"));
    const none = await test("half", ...flow, "--again");
    expect(none.code).not.toBe(0);
    expect(none.stderr).toMatch(/^dsbm: .*no weights yet/m);
  });

  it("or not there: the nearest one is named, or how to train it", async () => {
    const near = await test("whole", "num_steps=8", "split=train");
    expect(near.code).toBe(2);
    expect(near.stderr.trim().split("\n")).toHaveLength(1);
    expect(near.stderr).toContain(trained);
    expect(near.stderr).toMatch(/\(num_steps was 6 and is now 8; .*\): give its values, or train/);
    expect(near.stderr).toMatch(/npx dsbm train .*num_steps=8/);
    expect(near.stderr).not.toMatch(/train .*split=/);
    const none = await test("nowhere");
    expect(none.stderr).toMatch(/^dsbm: there is no run of these words, .*npx dsbm train/);
    expect(existsSync(join(root, "nowhere"))).toBe(false);
  });
});

it("Ctrl-C ends it between two batches; the same words go on", async () => {
  const more = ["test_batch_size=1", "test_npar=20", "half_iteration=all", ...flow];
  const args = ["test", ...run, "name=whole", `experiments_dir=${root}`, ...more];
  const stopped = await stopAt(args, /0001_b_sde/);
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toMatch(/stopped in the evaluation[\s\S]*to resume: npx dsbm test/);
  const on = await test("whole", ...more);
  expect(on.stderr).not.toContain("0001_b_sde)");
  expect(labels(on.rows)).toHaveLength(12);
  expect(new Set(labels(on.rows).map((text, i) => text + on.rows[i]?.half_iteration)).size).toBe(
    12,
  );
  expect(readRun(on.folder).info.state).toBe("finished");
  expect(readMetrics(join(on.folder, "metrics.jsonl"))).toHaveLength(12);
});
