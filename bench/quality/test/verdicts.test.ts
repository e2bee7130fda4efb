// The study of verdicts in its short form: no wrong samples are called good, and good ones are not called poor.
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { falseRate, verdictsDocument } from "../src/verdicts/document.js";
import { verdictsFigure } from "../src/verdicts/figure.js";
import { type Judged, judgeProblem } from "../src/verdicts/judge.js";
import { study } from "../src/verdicts/problem.js";

beforeAll(() => setNumThreads(1));

describe("verdicts of simulated problems", () => {
  const judged: Judged[] = [];
  it("are never good for samples that miss the target", { timeout: 300_000 }, async () => {
    for (const problem of study(true)) judged.push(await judgeProblem(problem));
    expect(falseRate(judged)).toMatchObject({ count: 0, of: 28 });
    const grades = (kind: string) =>
      judged.filter((one) => one.kind === kind).map(({ grade }) => grade);
    expect(grades("identical")).not.toContain("poor");
    expect(grades("source")).not.toContain("partial");
    expect(grades("noise")).not.toContain("partial");
  });

  it.each([
    ["identical", 200, 2, "good"],
    ["collapsed", 200, 2, "poor"],
    ["wide", 12, 1, "undecided"],
    ["noise", 100, null, "poor"],
    ["identical", 2, 2, "undecided"],
  ] as const)("%s, %i rows, %s columns: %s", async (kind, n, dim, grade) => {
    expect((await judgeProblem({ kind, n, dim, apart: 3, seed: 1 })).grade).toBe(grade);
  });

  it("are a page with a figure", async () => {
    expect(await verdictsFigure(judged)).toContain(">judged once<");
    const page = verdictsDocument(judged, { command: "COMMAND", powers: [], draws: 0 });
    expect(page).toContain("**0 of 14");
    expect(page).toMatch(/^\| source: the source itself \| /m);
  });
});
