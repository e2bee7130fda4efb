// The rule of the verdict: grades of rows, and from them the verdict on a direction.
import { type MetricRow, nextStepText } from "@dsbm/runs";
import { describe, expect, it } from "vitest";
import { metricRow } from "../../../../../test/support/metric-row.js";
import { comparedRows, gradedRows, judge } from "../../src/verdict/grade.js";
import { verdictOn } from "../../src/verdict/verdict.js";

const row = (change: Partial<MetricRow>) => metricRow({ role: "substitute", ...change });

/** A row of which a share of the distance is left, with its interval and the power. */
const shareLeft = (value: number, low: number, high: number, power = 1): Partial<MetricRow> => ({
  value: 1 + 99 * value,
  excess: { value, low, high, power, more: power < 0.8 ? 4 : 1, isSquared: true },
});
const goodRow = shareLeft(0.02, 0, 0.06);
const classifier = { name: "c2st", role: "classifier" } as const;

describe("the grade of a row", () => {
  it.each([
    ["an interval below a tenth", goodRow, "good"],
    ["a value below a tenth whose interval is not", shareLeft(0.05, 0, 0.2), "likely"],
    ["a value below a tenth whose interval goes beyond far", shareLeft(0.05, 0, 0.6), "likely"],
    ["most of the way", shareLeft(0.3, 0.2, 0.4), "partial"],
    ["an interval up to far", shareLeft(0.3, 0.2, 0.7), "undecided"],
    ["half way", shareLeft(0.6, 0.5, 0.7), "poor"],
    ["no better than no bridge", shareLeft(1.1, 0.97, 1.2), "poor"],
    ["an interval from floor to ceiling", shareLeft(0.6, 0, 1.1), "undecided"],
    ["a test without power", shareLeft(0.02, 0, 0.06, 0.5), "undecided"],
    ["farther than the start, without power", shareLeft(3, 1, 9, 0.5), "poor"],
    ["not a number", { value: Number.NaN }, "poor"],
    ["a classifier below a fifth", { role: "classifier", ...shareLeft(0.05, 0, 0.15) }, "good"],
    ["a variance that is met", { better: "target", target: 1, interval: [0.9, 1.1] }, "good"],
    [
      "a variance of 1.1 of few rows",
      { better: "target", target: 1, value: 1.1, interval: [0.7, 1.5] },
      "likely",
    ],
    [
      "a variance of 2.69",
      { better: "target", target: 1, value: 2.69, interval: [2.1, 3.3] },
      "poor",
    ],
    [
      "a variance of 2.69 of few rows",
      { better: "target", target: 1, value: 2.69, interval: [0.5, 5] },
      "undecided",
    ],
    ["a floor at the value but no interval", { value: 1 }, null],
  ] as [string, Partial<MetricRow>, string | null][])("%s", (_, change, grade) =>
    expect(judge(row(change)).grade).toBe(grade),
  );
});

describe("verdicts", () => {
  const facts = {
    names: { source: "A", target: "B" },
    what: "rows",
    n_held_out: [6, 7] as const,
    commands: { longer: "LONGER", sample: "SAMPLE", measure: "MEASURE" },
  };
  const accuracy = (change: Partial<MetricRow>) => row({ ...classifier, title: "C2ST", ...change });
  /** A classifier that cannot tell rows apart, unless another one is given. */
  const verdict = (...rows: MetricRow[]) => {
    const direction = rows[0]?.direction ?? "f";
    const isThere = rows.some(({ role }) => role === "classifier");
    const other = isThere ? [] : [accuracy({ ...goodRow, value: 0.5, direction })];
    return verdictOn(direction, gradedRows([...rows, ...other]), facts);
  };

  it("are not good if the directions clearly differ in the middle, and good if they are equal", () => {
    const ends = row({ ...goodRow });
    const middle = (change: Partial<MetricRow>) =>
      row({
        name: "middle_sliced_w2",
        title: "half of the way",
        group: "middle",
        direction: null,
        ...change,
      });
    const { role: _, ...far } = middle(shareLeft(0.4, 0.3, 0.5));
    const { role: __, ...near } = middle(shareLeft(0.05, 0, 0.3));
    expect(verdict(ends, near)?.grade).toBe("good");
    expect(verdict(ends, far)).toMatchObject({
      grade: "partial",
      reason: expect.stringContaining("half of the way"),
    });
  });

  it("round whole numbers first if only a classifier tells rows apart", () => {
    const told = accuracy({ ...shareLeft(0.6, 0.5, 0.7), value: 0.8, direction: "f" });
    const step = { reason: "n has whole numbers", command: "FIT data.integer=n" };
    const rows = gradedRows([row(goodRow), told]);
    expect(verdictOn("f", rows, { ...facts, rounding: step })?.next).toEqual(step);
    expect(verdictOn("f", rows, facts)?.next?.command).toBe("LONGER");
    const off = gradedRows([row(shareLeft(0.6, 0.5, 0.7)), told]);
    expect(verdictOn("f", off, { ...facts, rounding: step })?.next?.command).toBe("LONGER");
  });

  it("rest on the strongest alternative if far values hide the difference from the main distance, and name another scale", () => {
    const blind = { ...shareLeft(0.4, 0, 1, 0.2), role: "substitute" } as const;
    const hidden = row({
      ...blind,
      excess: { ...(blind.excess as NonNullable<MetricRow["excess"]>), more: null },
    });
    const alternative = (name: string, change: Partial<MetricRow>) =>
      row({ name, title: name, role: "alternative", ...change });
    const energy = alternative("energy", shareLeft(0.3, 0.2, 0.4, 0.9));
    expect(verdict(hidden)?.next?.reason).toContain("cannot be told apart");
    const told = [hidden, alternative("mmd", shareLeft(0.02, 0, 0.06, 0.85)), energy];
    expect(verdict(...told)).toMatchObject({ main: "energy", grade: "partial" });
    expect(verdict(...told)?.reason).toMatch(
      /^By the energy, the generated rows are 70 % of the way .*hide the difference from the sliced W2/,
    );
    const rescaling = { reason: "Far values", command: "FIT data.standardise=robust" };
    const rows = gradedRows([...told, accuracy({ ...goodRow, value: 0.5 })]);
    expect(verdictOn("f", rows, { ...facts, rescaling })?.next).toEqual(rescaling);
    // An alternative without power decides nothing, and none decides if the main distance has power.
    const weak = alternative("weak", shareLeft(0.3, 0.2, 0.4, 0.7));
    expect(verdict(hidden, weak)).toMatchObject({ main: "sliced_w2", grade: "undecided" });
    expect(verdict(row(goodRow), energy)?.main).toBe("sliced_w2");
    // A power of 0.8 is enough on either side.
    const enough = alternative("enough", shareLeft(0.3, 0.2, 0.4, 0.8));
    expect(verdict(hidden, enough)?.main).toBe("enough");
    expect(verdict(row(shareLeft(0.02, 0, 0.06, 0.8)), energy)?.main).toBe("sliced_w2");
  });

  it("keep columns in their range if a classifier tells rows by values outside", () => {
    const told = accuracy({ ...shareLeft(0.6, 0.5, 0.7), value: 0.8 });
    const stray = row({ name: "out_of_range", ceiling: null, open_columns: ["rain"] });
    const ranging = (names: readonly string[]) => ({ reason: "Keep", command: `FIT ${names}` });
    const next = (...rows: MetricRow[]) =>
      verdictOn("f", gradedRows(rows), { ...facts, ranging })?.next;
    expect(next(row(goodRow), told, stray)?.command).toBe("FIT rain");
    expect(next(row(goodRow), told)?.command).toBe("LONGER");
  });

  it.each([
    [
      [goodRow],
      "good",
      /as close to B as other rows of B: at most 6 % .* A is left/,
      /^Use it: SAMPLE/,
    ],
    [
      [shareLeft(0.3, 0.2, 0.4)],
      "partial",
      /70 % of the way from A to B \(60 % to 80 %\)/,
      /LONGER/,
    ],
    [
      [shareLeft(0.05, 0, 0.2)],
      "likely",
      /^Too few rows to be sure: the generated rows are at least 80 % of the way from A to B\./,
      /^Give more rows: about 28 held-out .* show whether it is good/,
    ],
    [[shareLeft(0.8, 0.7, 0.9)], "poor", /20 % of the way/, /LONGER/],
    [[shareLeft(1, 0.97, 1.1)], "poor", /no closer to B than A is/, /LONGER/],
    [
      [shareLeft(0.02, 0, 0.06, 0.5)],
      "undecided",
      /A itself can hardly be told from B \(power 0\.50/,
      /about 28 held-out \w+ of each/,
    ],
    [
      [shareLeft(0.4, 0.2, 0.7)],
      "undecided",
      /Too few rows to decide/,
      /^Give more rows: about 63 held-out rows of each dataset would decide it\. Train for longer: LONGER$/,
    ],
    [[{ ...goodRow, value: Number.NaN }], "poor", /not finite numbers/, /LONGER/],
    [[{ ...goodRow, direction: "b" }], "good", /as close to A as other rows of A/, /direction=b$/],
    [
      [goodRow, { ...classifier, ...shareLeft(0.9, 0.8, 1), value: 0.95 }],
      "poor",
      /A classifier labels 95 %/,
      /LONGER/,
    ],
    [
      [
        goodRow,
        {
          name: "variance",
          role: "spread",
          title: "V",
          better: "target",
          target: 1,
          value: 2.69,
          interval: [2.1, 3],
        },
      ],
      "partial",
      /^By sliced W2 at most 6 % of the distance from A to B is left, but other .*Not yet right: V 2\.69, expected 1[;.]/,
      /LONGER/,
    ],
  ] as [Partial<MetricRow>[], string, RegExp, RegExp][])("%j", (changes, grade, reason, next) => {
    const found = verdict(...changes.map(row));
    expect(found?.grade).toBe(grade);
    expect(found?.reason).toMatch(reason);
    expect(found?.reason).toContain("Judged with 6 held-out rows of A and 7 of B.");
    expect(nextStepText(found?.next ?? null)).toMatch(next);
  });

  it.each([
    [shareLeft(0.3, 0.2, 0.4), /^Train for longer: LONGER/],
    [shareLeft(0.05, 0, 0.2), /^Evaluate all held-out rows: MEASURE$/],
    [shareLeft(0.02, 0, 0.06, 0.5), /MEASURE$/],
  ])("of rows that time cut advise to measure more, where rows decide: %j", (change, next) => {
    const rows = gradedRows([row(change), accuracy({ ...goodRow, value: 0.5 })]);
    const found = verdictOn("f", rows, { ...facts, isCut: true });
    expect(nextStepText(found?.next ?? null)).toMatch(next);
  });

  it("are never good if the classifier cannot judge, and missing without it", () => {
    expect(verdictOn("f", gradedRows([row(goodRow)]), facts)).toBeNull();
    expect(verdict(row(goodRow), accuracy(shareLeft(0, 0, 0.05, 0.3)))?.grade).toBe("undecided");
  });

  it("name the metric that decides, and keep the command apart from its reason", () =>
    expect(verdict(row(goodRow))).toMatchObject({
      main: "sliced_w2",
      next: { reason: "Use it", command: "SAMPLE direction=f" },
    }));

  const poor = shareLeft(0.8, 0.7, 0.9);
  const partial = shareLeft(0.3, 0.2, 0.4);
  const told = { ...classifier, ...partial };
  const mmd = { name: "mmd", role: undefined };
  it.each([
    ["the distance if all are good", [goodRow], "sliced_w2"],
    ["the distance if it is the worst", [poor, told], "sliced_w2"],
    ["the distance if the classifier has the same grade", [partial, told], "sliced_w2"],
    ["the classifier if it is the worst", [goodRow, { ...told, ...poor }], "c2st"],
    [
      "the classifier if it cannot decide",
      [goodRow, { ...told, ...shareLeft(0, 0, 0.05, 0.3) }],
      "c2st",
    ],
    ["another metric if it alone is off", [goodRow, { ...mmd, ...partial }], "mmd"],
    [
      "the worst of others",
      [
        goodRow,
        { ...mmd, ...partial },
        { ...poor, name: "middle", role: undefined, group: "middle" },
      ],
      "middle",
    ],
    ["the distance if others are off as well", [partial, { ...mmd, ...poor }], "sliced_w2"],
  ] as [string, Partial<MetricRow>[], string][])("are decided by %s", (_, changes, name) => {
    expect(verdict(...changes.map(row))?.decided_by).toBe(name);
  });

  it("rest on the main distance instead of its substitute, whatever its name and place", () => {
    const own = row({ name: "own", role: "main", ...shareLeft(0.8, 0.7, 0.9) });
    for (const rows of [
      [row(goodRow), own],
      [own, row(goodRow)],
    ])
      expect(verdict(...rows)).toMatchObject({ main: "own", grade: "poor" });
    expect(verdict(row({ ...goodRow, role: undefined }))).toBeNull();
  });

  it("are not measured if the time was up, with the command that measures", () => {
    expect(verdictOn("b", gradedRows([row(goodRow)]), { ...facts, isLate: true })).toMatchObject({
      direction: "b",
      grade: "unmeasured",
      next: { command: "MEASURE" },
    });
    expect(verdict(row(goodRow))?.grade).toBe("good");
  });

  it("need no command to ask for more rows", () =>
    expect(verdict(row(shareLeft(0.05, 0, 0.2)))?.next?.command).toBeNull());
});

describe("held-out times", () => {
  const bridge = (value: number, high: number) =>
    row({ value, interval: [0, high], ceiling: 2, held_out: { protocol: "a", misses: null } });
  const nearest = row({ value: 3, ceiling: null, held_out: { protocol: "nearest", misses: null } });

  it.each([
    [bridge(1, 1.9), []],
    [bridge(1, 2.5), ["line"]],
    [bridge(1, 3), ["line", "nearest"]],
  ] as const)("miss what their interval reaches: %#", (bridgeRow, misses) =>
    expect(comparedRows([bridgeRow, nearest])[0]?.held_out?.misses).toEqual(misses),
  );
});
