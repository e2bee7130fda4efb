// What figures of a report say: shapes of columns, closeness, courses and their times.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { rangeOfGroups } from "../../src/figure/axes.js";
import { plainUnits } from "../../src/figure/axis-units.js";
import { categoryPanel } from "../../src/figure/histogram.js";
import type { Histogram } from "../../src/figure/points-file.js";
import {
  categoryCaption,
  closeness,
  cutText,
  histogramCaption,
} from "../../src/report/captions.js";
import { courseTable, courseTitle } from "../../src/report/course.js";
import { directionRows } from "../../src/report/direction-rows.js";
import { evaluationPictures, hasEvaluationPictures } from "../../src/report/evaluation-pictures.js";
import { worstShares } from "../../src/report/order.js";
import type { CourseRecord } from "../../src/run/data-file.js";
import { type MetricRow, qualityFile } from "../../src/run/quality.js";
import { select } from "../figure/svg.js";

const row = (change: Partial<MetricRow>): MetricRow => ({
  name: "column_w1",
  title: "1-Wasserstein of flow",
  group: "columns",
  meaning: "",
  direction: "f",
  value: 1.1,
  interval: null,
  floor: 0.6,
  ceiling: 9,
  better: "lower",
  n: 100,
  ...change,
});

/** Equal shares of the ten bins of 0 … 10 from `first` to `last`. */
const even = (first: number, last: number) =>
  Array.from({ length: 10 }, (_, i) => (i >= first && i <= last ? 1 / (last - first + 1) : 0));

describe("the caption of a histogram", () => {
  const caption = (generated: number[], change: Partial<MetricRow> = {}) => {
    const histogram: Histogram = {
      column: 0,
      low: 0,
      high: 10,
      source: even(0, 9),
      target: even(2, 7),
      generated,
    };
    return histogramCaption(histogram, {
      units: plainUnits,
      reference: "target",
      row: row(change),
    });
  };

  it.each([
    ["too narrow", even(4, 5), "Too narrow: 90 % of the rows are in 4.10 to 5.90, of real data"],
    ["too wide", even(0, 9), "Too wide: 90 % of the rows are in 0.500 to 9.50, of real data"],
    ["too high", even(4, 9), "Values are too high: median 7 instead of 5"],
    ["too low", even(0, 5), "Values are too low: median 3.00 instead of 5"],
    [
      "short of an upper tail",
      even(2, 5),
      "The upper tail is too short: 95 % of the rows are below 5.80",
    ],
  ])("tells values that are %s from the bins", (_, generated, text) => {
    expect(caption(generated)).toContain(text);
    expect(caption(generated)).toMatch(/; distance 1\.10, real data 0\.600\.$/);
  });

  it("names a short tail with the quantiles that show it", () => {
    const generated = [0, 0, 1, 1, 1, 1.6, 0.4, 0, 0, 0].map((share) => share / 5);
    expect(caption(generated)).toContain(
      "The upper tail is too short: 95 % of the rows are below 6.38 instead of 7.70",
    );
  });

  it("says that a column is as real data if its distance is not above theirs", () => {
    expect(caption(even(4, 5), { value: 0.5 })).toBe(
      "As real data: distance 0.500, real data 0.600.",
    );
    expect(caption(even(2, 7), { grade: "good" })).toMatch(/^✓ good: as real data/);
    expect(caption(even(4, 5), { grade: "undecided", value: 0.5, ceiling: 0.7 })).toBe(
      "? cannot be judged: distance 0.500, real data 0.600, no bridge 0.700.",
    );
  });
});

it("the caption of a category names the level that is farthest off", () => {
  const shares = { name: "kind", levels: ["a", "b", "c"], source: [1, 0, 0] };
  const off = { ...shares, target: [0.5, 0.25, 0.25], generated: [0.4, 0.45, 0.15] };
  expect(categoryCaption(off, { reference: "target" })).toBe(
    "b: 45 % instead of 25 %. In all, 20 % of the rows have too many of their level.",
  );
});

it("a category is one panel with three bars for each level", async () => {
  const { svg, title } = await categoryPanel({
    name: "river",
    levels: ["alder", "birch", "cedar"],
    source: [0.2, 0.3, 0.5],
    target: [0.4, 0.3, 0.3],
    generated: [0.3, 0.3, 0.4],
  });
  expect(title).toBe("river");
  expect(select(svg, '[aria-label="bar"] rect')).toHaveLength(9);
});

describe("frames", () => {
  const cloud = Array.from({ length: 200 }, (_, i) => i / 199);

  it("hold all points if these are near each other", () => {
    const [low, high] = rangeOfGroups([cloud, cloud.map((x) => x + 0.1)]);
    expect(low).toBeLessThanOrEqual(0);
    expect(high).toBeGreaterThanOrEqual(1.1);
  });

  it("leave far points out, and the report says how many", () => {
    const [, high] = rangeOfGroups([[...cloud, 100]]);
    expect(high).toBeLessThan(1.2);
    expect(cutText({ outside: 1, all: 201 })).toBe(
      "The frame leaves out 1 of 201 points, which are far away.",
    );
    expect(cutText({ outside: 0, all: 201 })).toBe("");
  });
});

it("closeness is the grade with the value, real data and no bridge", () =>
  expect(closeness(row({ grade: "partial" }), "distance")).toBe(
    "◐ most of the way: distance 1.10, real data 0.600, no bridge 9.",
  ));

it("conditions of one grade are in the order of their remaining distance", () => {
  const condition = (at: string, grade: MetricRow["grade"], value: number) =>
    row({
      at,
      grade,
      excess: { value, low: 0, high: 1, power: 1, more: 1, isSquared: true, floor: undefined },
    });
  const rows = [
    condition("a", "good", 0.05),
    condition("b", "poor", 0.6),
    condition("c", "poor", 0.9),
  ];
  expect(worstShares(rows).map(({ at }) => at)).toEqual(["c", "b", "a"]);
});

describe("a course", () => {
  const dataset = (label: string, mass: number | null = null, path = "data/cells.h5ad") => ({
    ...{ path, group: label, format: "h5ad", rows: 600, train: 540, test: 60, dropped: 0 },
    label,
    mass,
  });
  const course = (...datasets: CourseRecord["datasets"]): CourseRecord => ({
    name: "day",
    datasets,
  });

  it.each([
    ["Cells, day 2 → 3 → 7", course(dataset("2"), dataset("3"), dataset("7"))],
    ["Cells, early → late", course(dataset("early"), dataset("late"))],
    ["a.csv → b.csv", course(dataset("0", null, "a.csv"), dataset("1", null, "b.csv"))],
    [
      "Cells, day 0 → 1 → 2 → … → 8 → 9",
      course(...Array.from({ length: 10 }, (_, k) => dataset(`${k}`))),
    ],
  ])("has the title %s", (title, record) => expect(courseTitle(record)).toBe(title));

  it("has a line for each time, with its mass if masses change", () => {
    const cells = (record: CourseRecord) =>
      select(courseTable(record).text, "tr").map(({ textContent }) =>
        textContent.replaceAll(/\s+/g, " ").trim(),
      );
    expect(cells(course(dataset("2", 1), dataset("7", 2.4)))).toEqual([
      "Day Rows Trained on Held out Mass (the first is 1)",
      "2600 540 60 1",
      "7600 540 60 2.40",
    ]);
    expect(cells(course(dataset("2"), dataset("7")))[0]).toBe("Day Rows Trained on Held out");
  });
});

describe("the images of an evaluation", () => {
  it("name their data, quote their metrics, and have the order of the report", () => {
    const folder = scratch();
    mkdirSync(join(folder, "samples"));
    for (const name of ["a_spectrum.svg", "a_end.png", "a_start.png", "ab_end.png"])
      writeFileSync(join(folder, "samples", name), "");
    const ofEnd = { group: "endpoints", floor: 1, ceiling: 3 };
    const rows = [
      row({ ...ofEnd, name: "sliced_w2", title: "sliced 2-Wasserstein", value: 2 }),
      row({ ...ofEnd, name: "band_error", title: "error of the spectrum", value: 2.5 }),
    ];
    const facts = { direction: "b", names: { source: "day", target: "night" } } as const;
    const backward = rows.map((one) => ({ ...one, direction: "b" }));
    const quality = qualityFile.parse({ rows: backward });
    const files = evaluationPictures(folder, "a", { ...facts, rows: directionRows("b", quality) });
    expect(files.map(({ caption }) => caption)).toEqual([
      "Held-out samples of night.",
      "The same samples after the bridge. Sliced 2-Wasserstein 2, real data 1, no bridge 3.",
      "The energy of generated fields (blue) should be the energy of day at each wavenumber. Error of the spectrum 2.50, real data 1, no bridge 3.",
    ]);
    expect([hasEvaluationPictures(folder, "a"), hasEvaluationPictures(folder, "b")]).toEqual([
      true,
      false,
    ]);
  });
});
