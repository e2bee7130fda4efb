// `dsbm fit` as a user types it: choices, plan, table, resume.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng, readQuality } from "@dsbm/runs";
import { beforeAll, expect, test } from "vitest";
import { dsbm as launched, onlyRun, scratch, stopAt } from "./cli.js";

const folder = scratch();

async function dsbm(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { code, stdout, stderr } = await launched(args, { cwd: folder });
  return { code, out: stdout, err: stderr };
}

/** Numbers that look random: the fractional parts of multiples of an irrational number. */
const rows = (n: number, of: (u: number, v: number) => [number, number]) =>
  `x,y\n${Array.from({ length: n }, (_, i) => of((i * 0.618034) % 1, (i * 0.414214) % 1).join(",")).join("\n")}\n`;

const smallFit = ["max_minutes=null", "num_iter=30", "first_num_iter=30", "model.hidden=[16,16]"];
const fewOptions = [...smallFit, "cache_npar=200", "threads=1", "plot_level=0"];

beforeAll(() => {
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  put(
    "a.csv",
    rows(120, (u, v) => [u, 1000 * v]),
  );
  put(
    "b.csv",
    rows(90, (u, v) => [2 + u * u, 3000 * v]),
  );
});

test("--plan prints choices with their reasons and trains nothing", async () => {
  const given = ["max_minutes=1", "lr=0.002", "n_ipf=2", "first_num_iter=40", "num_iter=10"];
  const { code, out } = await dsbm("fit", "a.csv", "b.csv", "--plan", ...given);
  expect(code).toBe(0);
  expect(out).toMatch(/^sigma=\S+\s+because /m);
  expect(out).toMatch(/^lr=0.002\s+because it was given/m);
  expect(out).toMatch(/time: 1m00s in all/);
  expect(out).toContain("half-iterations of 40 b, 40 f, 10 b, 10 f steps");
  expect(out).toMatch(/^data: few rows: a.csv has \d+ to train on/m);
  expect(out).not.toMatch(/sliced/);
});

test("rare large amounts are drawn in, and a total of two columns is said before training", async () => {
  const amount = (i: number, u: number) => (i % 20 === 3 ? Math.round(1e6 * u ** 9) : 0);
  const lines = ["x,parts,work,total"];
  for (let i = 0; i < 600; i++) {
    const { x, parts, work } = {
      x: Math.sin(i * i),
      parts: amount(i, Math.abs(Math.sin(7 * i))),
      work: amount(i + 1, Math.abs(Math.sin(3 * i))),
    };
    lines.push([x, parts, work, parts + work].join());
  }
  writeFileSync(join(folder, "amounts.csv"), `${lines.join("\n")}\n`);
  const words = ["max_minutes=0.2", "threads=1", "--plan"];
  const { code, out, err } = await dsbm("fit", "amounts.csv", "amounts.csv", ...words);
  expect(code, err).toBe(0);
  expect(out).toMatch(/^data.standardise=robust +because .* parts, work, total: far values/m);
  expect(out).toMatch(/^data: .* have the same content/m);
  expect(out).toMatch(/^data: column total: follows from parts, work .*data.exclude=total/m);
});

test.each([
  ["dsbm", "n_ipf=2 ot_sampler=exact cache_npar= num_iter=", "online_cache"],
  ["alpha_dsbm", "n_ipf=2 online_cache=true ot_sampler=exact match_moments=true", "ot_rows"],
  ["dsbm first_coupling=ref first_pass=0", "n_ipf=", "first_pass"],
  ["sinkhorn_bridge", "sigma=", "batch_size ema_rate lr_warmup num_iter cache_npar"],
])("--plan of method=%s has %s, not %s", async (method, has, not) => {
  const words = [...`method=${method}`.split(" "), "max_minutes=0.2", "threads=1"];
  const { code, out, err } = await dsbm("fit", "a.csv", "b.csv", "--plan", ...words);
  expect(code, err).toBe(0);
  for (const text of has.split(" ")) expect(out).toMatch(new RegExp(`(^|\\s)${text}`));
  for (const text of not.split(" ")) expect(out).not.toContain(text);
  expect(readdirSync(folder)).not.toContain("cache");
});

test("tables of many rows with masses are not fitted by LightSB first", async () => {
  writeFileSync(
    join(folder, "many.csv"),
    rows(1200, (u, v) => [u, v]),
  );
  const words = ["mass=1,3", "delta=1", "max_minutes=0.2", "threads=1", "--plan"];
  const { code, err } = await dsbm("fit", "many.csv", "many.csv", ...words);
  expect(code, err).toBe(0);
});

test("a run ends with its table, keeps its choices, and is not trained again", async () => {
  const first = await dsbm("fit", "a.csv", "b.csv", ...fewOptions, "--json");
  expect(first.code, first.err).toBe(0);
  expect(first.err).toMatch(/b step \d+, \d+ steps: during training, /);
  expect(JSON.parse(first.out).rows[0]).toMatchObject({ name: "sliced_w2" });
  const { out } = await dsbm("fit", "a.csv", "b.csv", ...fewOptions);
  const [run = ""] = /experiments\/a_to_b\/\S*(?=\/(samples|report.html))/.exec(out) ?? [];
  const choices = JSON.parse(readFileSync(join(folder, run, "choices.json"), "utf8"));
  const choice = (name: string) => choices.find(({ key }: { key: string }) => key === name);
  expect(choice("sigma")).toMatchObject({ given: false });
  expect(choice("data.standardise").value).toBe("columns");
  // Few rows are judged by cross-validation: the held-out rows of one split do not replace it.
  await dsbm("evaluate", run, "threads=1");
  const reason = expect.stringContaining("3-fold cross-validation, with 120 held-out rows");
  const verdict = { reason, n_held_out: [120, 90] };
  expect(readQuality(join(folder, run))?.verdicts).toMatchObject([verdict, verdict]);
  // Another hold-out is measured on the run as it is.
  const held = [...fewOptions, "holdout=b.csv", "at=0.5", "--json"];
  const second = await dsbm("fit", "a.csv", "b.csv", ...held);
  expect(second.code, second.err).toBe(0);
  expect(second.err).not.toMatch(/trained in/);
  const main = JSON.parse(second.out).rows[0];
  expect(main).toMatchObject({ name: "holdout_a_w1", group: "holdout" });
  const third = await dsbm("fit", "a.csv", "b.csv", ...held);
  expect(third.err).toMatch(/is finished already/);
  expect(JSON.parse(third.out).rows[0]).toEqual(main);
});

test("ends at Ctrl-C while a table is read", async () => {
  const text = rows(200_000, (u, v) => [u, v]);
  writeFileSync(join(folder, "long.csv"), text);
  const ended = await stopAt(["fit", "long.csv", "b.csv", ...fewOptions], /reading/, {
    cwd: folder,
  });
  expect([ended.code, ended.stderr]).toEqual([130, expect.stringContaining("stopped; the same")]);
  expect(existsSync(join(folder, "experiments/long_to_b"))).toBe(false);
});

const experimentsIn = (experiments: string) => `experiments_dir=${join(folder, experiments)}`;
test("two groups of one file, of which one is constant and holds out two rows", async () => {
  const constant = "a,b,c,d,e,f,g,h";
  const lines = (n: number, group: string, of: (u: number, v: number) => [number, number]) =>
    rows(n, of)
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => `${line},${constant.replaceAll(/\w/g, "1")},${group}`);
  const two = [...lines(60, "one", (u, v) => [u, v]), ...lines(20, "two", () => [1.5, 2.5])];
  writeFileSync(join(folder, "both.csv"), [`x,y,${constant},group`, ...two, ""].join("\n"));
  const groups = ["data.split_by=group", "data.source=one", "data.target=two"];
  const { code, err } = await dsbm(
    "fit",
    "both.csv",
    ...groups,
    ...fewOptions,
    "n_ipf=1",
    experimentsIn("groups"),
  );
  expect(code, err).toBe(0);
  const run = onlyRun(join(folder, "groups")) as string;
  expect(readQuality(run)?.rows[0]?.value).toBeGreaterThan(0);
  expect(err).toMatch(/^data: \d+ columns have warnings \(/m);
  expect(readFileSync(join(run, "report.html"), "utf8")).toMatch(/\d+ warnings about columns</);
});

test("a run whose time is up has all sections of its report, and evaluate restores them", async () => {
  const words = ["model.hidden=[16,16]", "threads=1", "max_minutes=0.01", experimentsIn("short")];
  const { code, err } = await dsbm("fit", "a.csv", "b.csv", ...words);
  expect(code, err).toBe(0);
  expect(err).toMatch(/ended after half-iteration 2 of \d+: the time is up/);
  const run = onlyRun(join(folder, "short")) as string;
  expect(readQuality(run)?.left_out.join()).toMatch(/no time was left/);
  const warning = "ended after half-iteration 2 of";
  expect(readFileSync(join(run, "warnings.jsonl"), "utf8")).toContain(warning);
  expect(readFileSync(join(run, "report.html"), "utf8")).toContain(warning);
  const isWhole = () => {
    expect(
      readdirSync(join(run, "samples")).filter((name) => /scatter.svg/.test(name)),
    ).toHaveLength(2);
    expect(readFileSync(join(run, "report.html"), "utf8")).toContain(
      "Source, target and generated",
    );
  };
  isWhole();
  rmSync(join(run, "samples"), { recursive: true });
  await dsbm("evaluate", run, "n=20");
  isWhole();
  expect((await dsbm("runs", join(folder, "short"))).out).toMatch(/sliced 2-Wasserstein \d/);
  expect(readQuality(run)?.left_out.join()).not.toMatch(/no time was left/);
});

test("a plan for folders of images", async () => {
  for (const [name, grey] of [
    ["dark", 20],
    ["light", 200],
  ] as const) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 20; i++) {
      const pixels = new Uint8Array(16 * 16).fill(grey + i);
      writeFileSync(join(folder, name, `${i}.png`), await picturePng(pixels, [1, 16, 16]));
    }
  }
  const short = ["max_minutes=0.02", "threads=1", "model=UNET", "--plan"];
  const plan = await dsbm("fit", "dark", "light", ...short);
  expect(plan.err + plan.out).toMatch(/^data\.image_size=16 +because /m);
  expect(plan.err + plan.out).toMatch(/^data\.latent=8 +because the time allows each direction/m);
  expect(plan.err + plan.out).toMatch(/^model\.num_channels=16 +because the time allows/m);
  expect(plan.err + plan.out).toMatch(/^batch_size=8 +because the time allows/m);
  expect(plan.err + plan.out).toMatch(/^n_ipf=1 +because two iterations would have only 20 steps/m);
});
