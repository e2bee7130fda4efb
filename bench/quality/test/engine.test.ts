// The engine of benchmarks on a small description: finished runs are read, not repeated, a stopped
// benchmark continues, and tables hold methods, references and published figures.
import { existsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../test/support/scratch.js";
import type { Benchmark, Values, Way } from "../src/benchmark.js";
import type { BenchmarkConfig } from "../src/config.js";
import { KnownResults, resultsCsv } from "../src/csv.js";
import { type Finished, runBenchmark } from "../src/engine.js";
import { minutesEach, select } from "../src/select.js";

const folder = scratch();
beforeAll(() => setNumThreads(1));

/** Two runs, measured by `measure`. */
const smallBenchmark = (measure: () => Values | null): Benchmark => ({
  name: "small",
  about: "a small problem",
  command: "train",
  cases: [
    {
      name: "d2",
      options: () => ({
        ...{ dataset: "gaussian", "data.dim": 2, "data.n_train": 60, "data.n_test": 40 },
        ...{ num_steps: 3, n_ipf: 1, batch_size: 20 },
      }),
      measure: async () => measure(),
      references: async () => ({ perfect: { error: 0.2 } }),
    },
  ],
  methods: [
    { name: "light", options: { method: "lightsb", num_iter: 4, mixture_components: 3 } },
    { name: "closed", options: { method: "gaussian_bridge" }, closed: true },
  ],
  seeds: [1],
  quick: { cases: ["d2"] },
  metrics: [{ name: "error", title: "the error", times: 10, digits: 1 }],
  published: [],
  notes: ["A note."],
});

/** Runs it; `stopAt` is the line of the progress at which it is stopped. */
async function run(
  benchmark: Benchmark,
  stopAt?: string,
  { place = folder, known }: { place?: string; known?: KnownResults } = {},
) {
  const stop = new AbortController();
  const lines: string[] = [];
  let written = 0;
  const outcome = await runBenchmark(benchmark, {
    train: true,
    ...{ folder: place, minutes: null, again: false, resume: "again", known },
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
  it("counts the evaluations of networks: batches and simulated pairs, of both directions if they share a network", async () => {
    const cached = { cache: "disk", cache_npar: 60, cache_refresh_stride: 2, num_iter: 4 };
    const methods: Way[] = [
      {
        name: "pre",
        options: {
          ...{ method: "dbdsb", first_coupling: "ind", precondition: true, first_pass: 1 },
          ...cached,
        },
      },
      { name: "alpha", options: { method: "alpha_dsbm", n_ipf: 2, num_iter: 4 } },
      {
        name: "rollouts",
        options: { method: "alpha_dsbm", n_ipf: 2, online_cache: true, ...cached },
      },
    ];
    const place = join(folder, "evaluations");
    const { outcome } = await run({ ...smallBenchmark(() => ({})), methods }, undefined, { place });
    const [batches, steps] = [4 * 20, 3];
    expect(outcome.results.map(({ values }) => values.evaluations)).toEqual([
      batches + (batches + 2 * 60 * steps),
      2 * batches + 2 * (batches + batches * steps),
      2 * batches + 2 * (batches + 2 * 60 * steps),
    ]);
  });

  it("continues after a stop: it runs what is missing and reads what is there", async () => {
    // Stopped while the first run is measured: it is trained, and has no result.
    const unmeasured = await run(
      smallBenchmark(() => null),
      "trained in",
    );
    expect(unmeasured.outcome).toMatchObject({ stopped: true, results: [] });
    const place = join(folder, "d2/light/1");
    expect(existsSync(join(place, "benchmark.json"))).toBe(false);

    let measured = 0;
    const benchmark = smallBenchmark(() => ({ error: ++measured, none: null }));
    const stopped = await run(benchmark, "[2/2]");
    expect(stopped.outcome.stopped).toBe(true);
    expect(stopped.outcome.results).toHaveLength(1);
    expect(stopped.text).toMatch(/resuming from checkpoint/);
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
    expect(light?.request.options).toMatchObject({ method: "lightsb" });
    // Both directions, four steps of 20 rows.
    expect(light?.values).toMatchObject({ error: 1, none: null, evaluations: 2 * 4 * 20 });
    expect(light?.values.seconds).toBeGreaterThan(0);
    expect(closed?.values).toMatchObject({ error: 2, evaluations: 0 });

    const again = await run(benchmark);
    expect(measured).toBe(2);
    expect(again.outcome.results).toEqual(whole.outcome.results);
    expect(again.lines).toHaveLength(2);

    // A run that cannot be does not end the others.
    const options = { method: "lightsb", num_iter: 0 };
    const odd = { ...benchmark, methods: [{ name: "odd", options }, ...benchmark.methods] };
    const { outcome } = await run(odd);
    expect(outcome.failed).toMatchObject([{ run: "small d2 odd seed=1" }]);
    expect(outcome.failed[0]?.why).toMatch(/^dsbm: num_iter/);
    expect(outcome.results).toEqual(whole.outcome.results);
  });

  it("reads a table of numbers of another machine if the options are the same", async () => {
    const benchmark = smallBenchmark(() => ({ error: 5 }));
    const whole = await run(benchmark);
    const [light, closed] = whole.outcome.results as [Finished, Finished];
    const table = join(folder, "numbers.csv");
    const text = resultsCsv([whole.outcome], false);
    writeFileSync(table, text);
    const known = new KnownResults(table, false);
    const there = await run(benchmark, undefined, { place: join(folder, "second"), known });
    expect(there.outcome).toEqual(whole.outcome);

    const [, second] = benchmark.methods as [Way, Way];
    const longer = { name: "light", options: { method: "lightsb", num_iter: 5 } };
    const others = { ...benchmark, methods: [longer, second] };
    const changed = await run(others, undefined, { place: join(folder, "second"), known });
    expect(changed.outcome.results[0]?.request.options).toMatchObject({ num_iter: 5 });
    expect(changed.outcome.results[1]).toEqual(closed);

    const quick = new KnownResults(table, true);
    expect(quick.references("small", "d2")).toBeNull();
    expect(quick.find({ ...light, benchmark: "small" })).toBeNull();
    writeFileSync(table, text.replace("error,2,", "error,two,"));
    const odd = { place: join(folder, "third"), known: new KnownResults(table, false) };
    const { outcome } = await run(benchmark, undefined, odd);
    expect(outcome.failed).toMatchObject([{ why: expect.stringContaining('is "two"') }]);
    writeFileSync(table, "a,b\n1,2\n");
    expect(() => new KnownResults(table, false)).toThrow(
      /has the columns a,b; expected benchmark,/,
    );
  });
});

describe("what options choose", () => {
  const all = { quick: false, methods: null, cases: null, seeds: null, max_minutes: null };
  const own = { results: null, train: true };
  const config: BenchmarkConfig = { ...all, ...own, out: null, threads: 1, experiments_dir: "x" };

  it("is every method, or a part; the time is shared by trainings", () => {
    const [whole] = select("gaussian", undefined, config) as [Benchmark];
    expect(whole.cases.map(({ name }) => name)).toEqual(["d5", "d20", "d50"]);
    expect(whole.seeds).toEqual([1, 2, 3, 4, 5]);
    expect(minutesEach([whole], config)).toBeNull();
    const few = { ...config, methods: ["sf2m", "gaussian_bridge"], cases: ["d5"], seeds: ["7"] };
    const part = select("all", undefined, few);
    expect(part.map(({ name }) => name)).toEqual(["gaussian"]);
    expect(part[0]?.seeds).toEqual([7]);
    expect(minutesEach(part, { quick: false, max_minutes: 10 })).toBe(5);
    expect(minutesEach(part, { quick: true, max_minutes: null })).toBe(7.5);
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
