// `dsbm fit` of more than two datasets: tables with a condition, a hold-out in an
// interval, metrics and a panel of each time, paths with their times, and refusals.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readQuality } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { fit } from "../../packages/command/cli/src/index.js";
import { root as repo } from "../docs/blocks.js";
import { scratch, succeed } from "./cli.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
const points = (n: number, far: number) =>
  Array.from({ length: n }, (_, i) => [Math.sin(i) + far, 2 * Math.cos(3 * i)]);
const shortFit = {
  max_minutes: null,
  num_iter: 5,
  first_num_iter: 5,
  n_ipf: 1,
  num_steps: 4,
  batch_size: 8,
  test_npar: 12,
  plot_npar: 2,
  threads: 1,
  model: { hidden: "8,8" },
  paths: { data_dir_name: pathOf("data"), experiments_dir_name: pathOf("experiments") },
} as const;

beforeAll(() => {
  setNumThreads(1);
  for (const [name, far] of [
    ["a", 0],
    ["b", 3],
    ["c", 9],
    ["between", 6],
  ] as const) {
    const rows = points(40, far).map((row, i) => [...row, i % 2 ? "red" : "blue"].join());
    writeFileSync(pathOf(`${name}.csv`), `x,y,kind\n${rows.join("\n")}\n`);
  }
});

const hasCells = spawnSync("Rscript", ["-e", "library(HSMMSingleCell)"]).status === 0;

it.skipIf(!hasCells)("real cells of Debian's package become a bridge of four times", async () => {
  execFileSync("Rscript", [join(repo, "examples/data/hsmm.R")], { cwd: root, stdio: "ignore" });
  const columns = { exclude: ["state"], keep: ["cell"] };
  const request = { source: pathOf("hsmm.csv"), time: "hours", data: columns };
  using bridge = await fit({ ...shortFit, ...request, loo: false, plot_level: 0 });
  expect(bridge.shape).toEqual([10]);
  const { times } = await bridge.paths([new Array<number>(10).fill(0)]);
  expect([times[0], times.at(-1)]).toEqual([0, 1]);
});

it.each([
  { overrides: [], isSmooth: true },
  { overrides: ["precondition=true"], isSmooth: false },
  { overrides: ["mean_match=true"], isSmooth: false },
])("along a circle the plan of fit with $overrides has splines: $isSmooth", async (row) => {
  const rows = [0, 1, 2, 3, 4].flatMap((day) =>
    points(60, 0).map(([x = 0, y = 0]) =>
      [day, 9 * Math.sin(day) + x, 9 * Math.cos(day) + y].join(),
    ),
  );
  writeFileSync(pathOf("circle.csv"), `day,x,y\n${rows.join("\n")}\n`);
  const { stdout, stderr } = await succeed(
    ["fit", "circle.csv", "time=day", ...row.overrides, "--plan"],
    { cwd: root },
  );
  expect(/interpolant=spline +because/.test(stdout + stderr)).toBe(row.isSmooth);
});

it.each([
  { given: [], said: /times=null +because its times are no numbers: .*evenly spaced/ },
  { given: ["times=0,2,10"], said: /^(?!.*times=null).*max_minutes/s },
])("texts of times are evenly spaced, which the plan says, without $given", async (row) => {
  const stages = ["day 0", "day 2", "day 10"];
  const rows = stages.flatMap((stage, k) => points(40, k).map((point) => [stage, ...point].join()));
  writeFileSync(pathOf("stages.csv"), `stage,x,y\n${rows.join("\n")}\n`);
  const order = 'time_order=["day 0","day 2","day 10"]';
  const { stdout, stderr } = await succeed(
    ["fit", "stages.csv", "time=stage", order, ...row.given, "method=sf2m", "--plan"],
    { cwd: root },
  );
  expect(stdout + stderr).toMatch(row.said);
});

describe("more than two datasets", () => {
  it("become one bridge, with conditions, a hold-out, and metrics and a panel of each time", async () => {
    const marginals = ["a.csv", "b.csv", "c.csv"].map(pathOf);
    using bridge = await fit({
      ...shortFit,
      holdout: pathOf("between.csv"),
      at: 0.65,
      marginals,
      times: [0, 0.3, 1],
      data: { condition: "kind", test_fraction: 0.5 },
    });
    const withoutOne = readQuality(bridge.folder)?.rows.filter(({ group }) => group === "loo");
    expect(withoutOne?.map(({ at }) => at)).toContain("time 0.3");
    const { rows } = await bridge.evaluate({
      n: 12,
      metrics: ["marginals", "w2"],
      exact: 12,
      holdout: pathOf("between.csv"),
      at: 0.65,
    });
    for (const direction of ["f", "b"]) {
      const own = rows.filter((row) => row.direction === direction);
      expect(own.filter(({ group }) => group === "marginals").map(({ name }) => name)).toEqual([
        "marginal_sliced_w2",
        "marginal_w2",
        "marginal_w1",
      ]);
      const w2 = own.find(({ name }) => name === "marginal_w2");
      expect(w2?.title).toMatch(/to b\.csv at time 0\.3$/);
      expect(w2?.ceiling).toBeGreaterThan(w2?.floor ?? Number.POSITIVE_INFINITY);
      // At another time the rows are others.
      expect(w2?.value).not.toBe(own.find(({ name }) => name === "w2")?.value);
    }
    const ofConditions = readQuality(bridge.folder)?.rows.filter(
      ({ name, direction }) => name === "condition_variance_ratio" && direction === "f",
    );
    const levels = ["kind = blue", "kind = red"];
    const expected = [...levels, ...levels.map((level) => `time 0.3, ${level}`)];
    expect(ofConditions?.map(({ at }) => at).sort()).toEqual(expected);
    const held = rows.find(({ name }) => name === "holdout_b_w1");
    expect(held?.at).toBe("time 0.65 (between.csv)");
    const condition = ["red", "blue", "red"];
    const { states, times } = await bridge.paths(points(3, 0), { seed: 1, condition });
    expect(times).toHaveLength(9);
    expect(times.map((t) => Number(t.toFixed(6)))).toContain(0.3);
    expect(states[0]?.[1]?.[0]).toBeCloseTo(Math.sin(1), 4);
    const back = await bridge.sample(points(3, 9), { seed: 1, condition, direction: "b" });
    expect(back.x).toHaveLength(3);
    await succeed(["sample", bridge.folder, "a.csv", "moved.csv"], { cwd: root });
    expect(readFileSync(pathOf("moved.csv"), "utf8")).toMatch(/^kind,.*\nblue,/);
    const html = readFileSync(bridge.report, "utf8");
    expect(html).toMatch(/<b title="Time 0\.3">Time 0\.3[\s\S]*data of time 0\.3 \(20 rows\)/);
    expect(html).toMatch(/Data at intermediate times/);
    const samples = join(bridge.folder, "samples");
    const file = readdirSync(samples).find((name) => /_f_.*points\.json$/.test(name)) as string;
    const drawn = JSON.parse(readFileSync(join(samples, file), "utf8"));
    expect(drawn.plane.between.map(({ time }: { time: number }) => time)).toEqual([0.3]);
    expect(drawn.course.arrows.to).toHaveLength(drawn.course.arrows.from.length);
  });

  it("are images too, measured at the middle time", async () => {
    const marginals = [20, 120, 220].map((grey) => ({
      data: Uint8Array.from({ length: 24 * 64 }, (_, i) => grey + (i % 13)),
      shape: [24, 1, 8, 8],
    }));
    const { model: _, ...overrides } = shortFit;
    const model = { num_channels: 16, channel_mult: "1,1" };
    using bridge = await fit({ ...overrides, model, batch_size: 4, cache_npar: 8, marginals });
    const { rows } = await bridge.evaluate({ n: 4 });
    const titles = rows.map(({ title }) => title).join("\n");
    expect(titles).toMatch(/sliced 2-Wasserstein to marginal_1\S* at time 0\.5/);
  });

  it.each([
    [
      "a method of two",
      { method: "sbcfm" },
      /method: "sbcfm" is for two datasets, got 3: write method: "dsbm"/,
    ],
    ["less than two", { marginals: [points(20, 0)] }, /1 data ?sets; expected two/],
  ])("%s is refused", async (_, change, message) => {
    const marginals = [0, 1, 2].map((far) => points(20, far));
    await expect(fit({ ...shortFit, marginals, ...change })).rejects.toThrow(message);
  });
});
