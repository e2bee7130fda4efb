// Output of a benchmark's results: tables with methods, references and published figures, reasons
// for numbers above published ones, the same numbers as CSV, and the figures.
import { parseCsv } from "@dsbm/runs";
import { describe, expect, it } from "vitest";
import type { Benchmark, Published } from "../src/benchmark.js";
import { resultsCsv } from "../src/csv.js";
import { resultsDocument } from "../src/document.js";
import type { Outcome } from "../src/engine.js";
import { resultFigures } from "../src/figures.js";

const provenance = {
  dsbm: "1.0.0",
  commit: "abc",
  machine: "a machine",
  date: "2026-01-02T03:04:05Z",
};
const lightPublished: Published = {
  ...{ label: "Light", of: "light", metric: "error" },
  values: { low: 39, both: 51 },
};
const benchmark: Benchmark = {
  name: "small",
  about: "a small problem",
  command: "train",
  cases: ["d2", "d3"].map((name) => ({ name, options: () => ({}) })),
  methods: [
    { name: "light", options: {} },
    { name: "closed", options: {}, closed: true },
  ],
  columns: { low: ["d2"], both: ["d2", "d3"], missing: ["d4"] },
  seeds: [1, 3],
  quick: { cases: ["d2"] },
  metrics: [
    { name: "error", title: "the error", times: 10, digits: 1, beside: { other: "floor" } },
  ],
  published: [lightPublished, { label: "Other", metric: "error", values: { both: 7 } }],
  notes: ["A note."],
};
const outcome: Outcome = {
  benchmark,
  results: [1, 3].flatMap((seed) =>
    [2, 3].map((d) => ({
      ...{
        ...provenance,
        request: { datasets: [], options: {} },
        case: `d${d}`,
        method: "light",
        seed,
      },
      values: { error: d * seed, floor: d / 20, seconds: 30, steps: 400, steps_full: 400 },
    })),
  ),
  references: [2, 3].map((d) => ({
    ...{ case: `d${d}`, label: "perfect", values: { error: d / 10 } },
  })),
  failed: [{ run: "small d2 odd seed=1", why: "dsbm: too odd\nat a place" }],
  stopped: false,
};
const documentOptions = { command: "npm run benchmark -- small", quick: false, folder: "results" };
const pageOf = (...of: Parameters<typeof resultsDocument>) =>
  resultsDocument(...of).pages.get("small") as string;

describe("the tables of a benchmark", () => {
  it("have a row for each method, reference and publication, and mark the best and the worse", () => {
    const { index } = resultsDocument([outcome], documentOptions);
    expect(index).toContain("- [small](results/small.md): A small problem.");
    expect(index).toContain(
      "Written by `npm run benchmark -- small`.\n4 runs by dsbm 1.0.0, commit abc\non a machine,\n2026-01-02, 120 seconds of runs.",
    );
    const text = pageOf([outcome], documentOptions);
    const [best, table] = [...text.matchAll(/((?:\|.*\n)+)/g)].map(([part]) => part.trimEnd());
    expect(best?.split("\n")).toEqual([
      "|  | low | both |",
      "| --- | --- | --- |",
      "| best here | 40.0, light | 50.0, light |",
      "| best published | 39, Light | 7, Other |",
      "| _perfect_ | 2.0 | 2.5 |",
      "| _other_ | 1.0 | 1.3 |",
    ]);
    // Of seeds 1 and 3 the errors are 2 and 6 in d2, 3 and 9 in d3, times 10.
    expect(table?.split("\n")).toEqual([
      "|  | low | both |",
      "| --- | --- | --- |",
      "| light | **40.0 ± 28.3 \\*** | **50.0 ± 35.4** |",
      "| _perfect_ | 2.0 | 2.5 |",
      "| _other_ | 1.0 | 1.3 |",
      "| published: Light | **39** | 51 |",
      "| published: Other | – | **7** |",
    ]);
    expect(text).toContain("## Seconds of training\n\n|  | low | both |");
    // The page begins with its first figure; further figures stand below their tables.
    expect(text).toMatch(/\[All benchmarks\]\S+\n\n!\[small: the error\]\(small-error\.svg\)\n/);
    expect(text.split("small-error.svg")).toHaveLength(2);
    // A table of one row compares nothing.
    expect(text).not.toContain("small-seconds.svg");
    expect(text).toMatch(/## Seconds of training\n\n\|/);
    expect(text).toContain("- Seeds 1, 3: mean ± standard deviation.\n- A note.\n");
    expect(text).toContain("- failed: small d2 odd seed=1: dsbm: too odd\n");
  });

  it("name no best method of unranked methods, or of a metric without a best value", () => {
    const page = (change: Partial<Benchmark>) =>
      pageOf([{ ...outcome, benchmark: { ...benchmark, ...change } }], documentOptions);
    const unranked = page({ unranked: { labels: ["light", "Light"], why: "a reason" } });
    expect(unranked).toContain("| best published | – | 7, Other |");
    expect(unranked).not.toContain("best here");
    expect(unranked).toContain("- † Never marked as the best: a reason.");
    expect(unranked).toContain("| light † | 40.0 ± 28.3 \\* | 50.0 ± 35.4 |");
    const [metric] = benchmark.metrics;
    expect(page({ metrics: [{ ...metric!, best: 45 }] })).toContain("| 39, Light | 51, Light |");
    expect(page({ metrics: [{ ...metric, best: null }] })).toContain(
      "## The error\n\n<details><summary>All methods</summary>",
    );
  });

  it("count many commits", () => {
    const [result] = outcome.results;
    const results = Array.from({ length: 7 }, (_, i) => ({ ...result!, commit: `c${i}` }));
    expect(resultsDocument([{ ...outcome, results }], documentOptions).index).toContain(
      "dsbm 1.0.0, 7 commits, which the CSV file names\n",
    );
  });

  it("name versions, commits, machines and days once each, and the runs whose time is known", () => {
    const others = [
      { dsbm: "2.0.0", commit: null, machine: "another", date: "2026-01-04T00:00:00Z" },
      { ...provenance, commit: "def", date: "2026-01-03T00:00:00Z" },
    ];
    const results = outcome.results.map((one, i) => ({
      ...{ ...one, ...others[i] },
      ...(i === 0 && { values: { error: 1 } }),
    }));
    expect(resultsDocument([{ ...outcome, results }], documentOptions).index).toContain(
      "\n4 runs by dsbm 1.0.0, commits abc, def; dsbm 2.0.0\non a machine; another,\n2026-01-02 to 2026-01-04, 90 seconds of the 3 runs with a time.\n",
    );
  });

  it("are written as CSV in the units of the metrics", () => {
    const { rows } = parseCsv(resultsCsv([outcome], false));
    const own = { benchmark: "small", case: "d3", row: "light", kind: "method", metric: "error" };
    expect(rows).toContainEqual({ ...provenance, ...own, seed: 3, value: 9 });
    expect(rows).toContainEqual(
      expect.objectContaining({ case: "d2", row: "perfect", kind: "reference", value: 0.2 }),
    );
    expect(rows).toContainEqual(
      expect.objectContaining({ case: "both", row: "Light", kind: "published", value: 5.1 }),
    );
  });
});

describe("a number above the published one", () => {
  const [metric] = benchmark.metrics as [Benchmark["metrics"][number]];
  const reasons = (change: Partial<Benchmark>, { quick = false, results = outcome.results } = {}) =>
    pageOf([{ ...outcome, results, benchmark: { ...benchmark, ...change } }], {
      ...documentOptions,
      quick,
    })
      .split("\n")
      .filter((line) => line.startsWith("- \\*"));
  const against = (facts: Partial<Published>) => ({ published: [{ ...lightPublished, ...facts }] });

  it("names the known reasons of a difference, and says if no reason is known", () => {
    const [first] = outcome.results;
    const one = { seeds: [1], results: [{ ...first!, values: { ...first!.values, error: 3.92 } }] };
    const { results } = one;
    expect(reasons({ seeds: [1] }, { results })).toEqual(["- \\* light, low: no reason is known."]);
    expect(reasons({})).toEqual(["- \\* light, low: within one standard deviation of the seeds."]);
    expect(reasons({ seeds: [1], ...against({ seeds: 5, steps: 9000 }) }, { results })).toEqual([
      "- \\* light, low: 400 training steps (9000 published); one seed, published: 5.",
    ]);
    const shorter = [{ ...results[0], values: { ...results[0].values, steps: 50 } }];
    const measured = { metrics: [{ ...metric, quick: "of few points" }] };
    expect(
      reasons(
        { seeds: [1], ...measured, ...against({ differs: "other data" }) },
        { quick: true, results: shorter },
      ),
    ).toEqual([
      "- \\* light, low: of few points; 50 training steps (400 of the full benchmark); other data.",
    ]);
    expect(
      reasons(
        {
          seeds: [1],
          metrics: [{ ...metric, floor: "perfect" }],
          ...against({ values: { low: 1.5, both: 0 } }),
        },
        { results },
      ),
    ).toEqual(["- \\* light, low: perfect: 2.0, above the published number too."]);
    const own = against({ values: { low: 1.2, both: 0 }, floor: "other" });
    expect(reasons({ seeds: [1], ...own }, { results })).toEqual(["- \\* light, low: other: 1.0."]);
  });

  it("shares a sentence with others of its method that have the same reasons", () => {
    expect(reasons(against({ values: { low: 1, both: 1 }, differs: "other data" }))).toEqual([
      "- \\* light, low, both: other data.",
    ]);
  });
});

describe("the figures of a benchmark", () => {
  it("have a panel a column, and a published number on the row of the method", async () => {
    const figures = await resultFigures([outcome]);
    expect([...figures.keys()]).toEqual(["small-error.svg"]);
    const svg = figures.get("small-error.svg") as string;
    expect(svg.match(/<svg/g)).toHaveLength(3); // two panels in one figure
    for (const word of ["small: the error", "low", "both", "light", "Other", "published", "other"])
      expect(svg).toContain(`>${word}<`);
    // In the first column one number of ours and one published, in the second one more, of a method of theirs.
    const groups = Array.from(svg.matchAll(/<g aria-label="dot"[^>]*>(.*?)<\/g>/gs), ([, g]) => g);
    const dots = Array.from(groups.join("").matchAll(/ cy="([^"]+)"/g), ([, y]) => y);
    expect(dots).toHaveLength(5);
    expect(dots[0]).toBe(dots[1]);
    expect(new Set(dots).size).toBe(2);
    expect(svg).not.toContain("NaN");
    // References alone are no figure: a benchmark that was stopped before its first run has a table of them.
    const begun = { ...outcome, results: [] };
    expect((await resultFigures([begun])).size).toBe(0);
    const text = pageOf([begun], documentOptions);
    expect(text).toContain("| _perfect_ | 2.0 | 2.5 |");
    expect(text).not.toContain("![");
  });
});
