// The engine of benchmarks on a small description: finished runs are read, not run again, a stopped one goes on, and the
// tables have methods beside references and published figures.
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCsv } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Benchmark, Values } from "../../src/benchmark/benchmark.js";
import { type Outcome, runBenchmark } from "../../src/benchmark/engine.js";
import { minutesEach, select } from "../../src/benchmark/select.js";
import { resultsCsv, resultsDocument } from "../../src/benchmark/table.js";

const folder = mkdtempSync(join(tmpdir(), "dsbm-benchmark-"));
beforeAll(() => setNumThreads(1));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Two runs, measured by `measure`. */
const small = (measure: () => Values | null): Benchmark => ({
  name: "small",
  about: "a small problem",
  command: "train",
  cases: [
    {
      name: "d2",
      words: () => [
        ...["dataset=gaussian", "data.dim=2", "data.n_train=60", "data.n_test=40"],
        ...["num_steps=3", "n_ipf=1", "batch_size=20"],
      ],
      measure: async () => measure(),
      references: async () => ({ perfect: { error: 0.2 } }),
    },
  ],
  methods: [
    { name: "light", words: ["method=lightsb", "num_iter=4", "mixture_components=3"] },
    { name: "closed", words: ["method=gaussian_bridge"], closed: true },
  ],
  seeds: [1],
  quick: { cases: ["d2"] },
  metrics: [{ name: "error", title: "the error", times: 10, digits: 1 }],
  published: [],
  notes: ["A note."],
});

/** Runs it; `stopAt` is the line of the progress at which it is stopped. */
async function run(benchmark: Benchmark, stopAt?: string) {
  const stop = new AbortController();
  const lines: string[] = [];
  let written = 0;
  const outcome = await runBenchmark(benchmark, {
    ...{ folder, minutes: null, again: false, resume: "again" },
    ...{ quick: false, threads: 1, signal: stop.signal },
    progress: {
      update: () => {},
      done: () => {},
      line(text) {
        lines.push(text);
        if (stopAt !== undefined && text.includes(stopAt)) stop.abort();
      },
    },
    done: async () => void written++,
  });
  return { outcome, text: lines.join("\n"), lines, written };
}

describe("the engine of benchmarks", () => {
  it("goes on where it was stopped, runs what is missing and reads what is there", async () => {
    // Stopped while the first run is measured: it is trained, and has no result.
    const unmeasured = await run(
      small(() => null),
      "trained in",
    );
    expect(unmeasured.outcome).toMatchObject({ stopped: true, results: [] });
    const place = join(folder, "d2/light/1");
    expect(existsSync(join(place, "benchmark.json"))).toBe(false);

    let measured = 0;
    const benchmark = small(() => ({ error: ++measured, none: null }));
    const stopped = await run(benchmark, "[2/2]");
    expect(stopped.outcome.stopped).toBe(true);
    expect(stopped.outcome.results).toHaveLength(1);
    expect(stopped.text).toMatch(/going on from checkpoint/);
    const before = statSync(join(place, "run.json")).mtimeMs;

    const whole = await run(benchmark);
    expect(whole.outcome).toMatchObject({ stopped: false, failed: [] });
    expect(whole.outcome.references).toEqual([
      { case: "d2", label: "perfect", values: { error: 0.2 } },
    ]);
    expect(measured).toBe(2);
    expect(whole.written).toBe(2);
    expect(statSync(join(place, "run.json")).mtimeMs).toBe(before);
    const [light, closed] = whole.outcome.results;
    expect(light?.words).toContain("method=lightsb");
    // Both directions, four steps of 20 rows.
    expect(light?.values).toMatchObject({ error: 1, none: null, evaluations: 2 * 4 * 20 });
    expect(light?.values.seconds).toBeGreaterThan(0);
    expect(closed?.values).toMatchObject({ error: 2, evaluations: 0 });

    const again = await run(benchmark);
    expect(measured).toBe(2);
    expect(again.outcome.results).toEqual(whole.outcome.results);
    expect(again.lines).toHaveLength(2);

    // A run that cannot be does not end the others.
    const words = ["method=lightsb", "num_iter=0"];
    const odd = { ...benchmark, methods: [{ name: "odd", words }, ...benchmark.methods] };
    const { outcome } = await run(odd);
    expect(outcome.failed).toMatchObject([{ run: "small d2 odd seed=1" }]);
    expect(outcome.failed[0]?.why).toMatch(/^dsbm: num_iter/);
    expect(outcome.results).toEqual(whole.outcome.results);
  });
});

describe("the tables of a benchmark", () => {
  const made = { dsbm: "1.0.0", commit: "abc", machine: "a machine", date: "2026-01-02T03:04:05Z" };
  const { cases, ...description } = small(() => null);
  const [first] = cases as [Benchmark["cases"][number]];
  const benchmark: Benchmark = {
    ...description,
    cases: [first, { ...first, name: "d3" }],
    columns: { low: ["d2"], both: ["d2", "d3"], missing: ["d4"] },
    seeds: [1, 3],
    metrics: [
      { name: "error", title: "the error", times: 10, digits: 1, beside: { other: "floor" } },
    ],
    published: [
      { label: "Light", of: "light", metric: "error", values: { low: 39, both: 51 } },
      { label: "Other", metric: "error", values: { both: 7 } },
    ],
  };
  const outcome: Outcome = {
    benchmark,
    results: [1, 3].flatMap((seed) =>
      [2, 3].map((d) => ({
        ...{ ...made, words: [], case: `d${d}`, method: "light", seed },
        values: { error: d * seed, floor: d / 20, seconds: 30 },
      })),
    ),
    references: [2, 3].map((d) => ({
      ...{ case: `d${d}`, label: "perfect", values: { error: d / 10 } },
    })),
    failed: [{ run: "small d2 odd seed=1", why: "dsbm: too odd\nat a place" }],
    stopped: false,
  };

  it("have a row for each method, reference and publication, and mark what is worse", () => {
    const text = resultsDocument([outcome], { command: "npx dsbm benchmark small", quick: false });
    expect(text).toContain(
      "Written by `npx dsbm benchmark small`.\n4 runs by dsbm 1.0.0, commit abc\non a machine,\n2026-01-02, 120 seconds of runs.",
    );
    const table = /\*\*the error\*\*\n\n((?:\|.*\n)+)/.exec(text)?.[1]?.trimEnd();
    // Of seeds 1 and 3 the errors are 2 and 6 in d2, 3 and 9 in d3, times 10.
    expect(table?.split("\n")).toEqual([
      "|  | low | both |",
      "| --- | --- | --- |",
      "| light | 40.0 ± 28.3 \\* | 50.0 ± 35.4 |",
      "| _perfect_ | 2.0 | 2.5 |",
      "| _other_ | 1.0 | 1.3 |",
      "| published: Light | 39 | 51 |",
      "| published: Other | – | 7 |",
    ]);
    expect(text).toContain("**seconds of training**\n\n|  | low | both |");
    expect(text).toContain("Seeds 1, 3: mean ± standard deviation. A note.");
    expect(text).toContain("- failed: small d2 odd seed=1: dsbm: too odd\n");
    // Few samples have other floors.
    expect(resultsDocument([outcome], { command: "npx dsbm", quick: true })).not.toContain("\\*");
  });

  it("are written as CSV in the units of the metrics", () => {
    const { rows } = parseCsv(resultsCsv([outcome]));
    const own = { benchmark: "small", case: "d3", row: "light", kind: "method", metric: "error" };
    expect(rows).toContainEqual({ ...made, ...own, seed: 3, value: 9 });
    expect(rows).toContainEqual(
      expect.objectContaining({ case: "d2", row: "perfect", kind: "reference", value: 0.2 }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({ case: "both", row: "Light", kind: "published", value: 5.1 }),
    );
  });
});

describe("what words choose", () => {
  const all = { quick: false, methods: null, cases: null, seeds: null, max_minutes: null };
  const config = { ...all, out: null, threads: 1, experiments_dir: "x" };

  it("is every method, or a part; the time is shared by trainings", () => {
    const [whole] = select("gaussian", undefined, config) as [Benchmark];
    expect(whole.cases.map(({ name }) => name)).toEqual(["d5", "d20", "d50"]);
    expect(whole.seeds).toEqual([1, 2, 3, 4, 5]);
    expect(minutesEach([whole], config)).toBeNull();
    const few = { ...config, methods: ["sf2m", "gaussian_bridge"], cases: ["d5"], seeds: ["7"] };
    const part = select("all", undefined, few);
    expect(part.map(({ name }) => name)).toEqual(["gaussian"]);
    expect(part[0]?.seeds).toEqual([7]);
    expect(minutesEach(part, { quick: false, max_minutes: 10 })).toBe(6);
    expect(minutesEach(part, { quick: true, max_minutes: null })).toBe(9);
  });

  it.each([
    ["gausian", undefined, {}, /did you mean "gaussian"/],
    ["cells", undefined, {}, /FOLDER/],
    ["cells", tmpdir(), {}, /day_N\.npy/],
    ["2d", "folder", {}, /takes no folder/],
    ["2d", undefined, { methods: ["otcfm"] }, /did you mean "ot_cfm"/],
    ["eot", undefined, { cases: ["D3"] }, /cases=D3/],
  ])("refuses %s %s %j", (name, place, given, problem) => {
    expect(() => select(name, place, { ...config, ...given })).toThrow(problem);
  });
});
