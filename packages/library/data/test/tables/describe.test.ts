// What is said of two tables before a bridge is trained: ranges in the file's own units, and warnings by their rules.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  boundsOf,
  describeTables,
  fitTransform,
  loadTable,
  type OwnOptions,
  prepareTable,
  type TableFacts,
} from "@dsbm/data";
import { randn, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { testFolders } from "../files.js";

const folder = testFolders();
const noise = tidy(() => randn([40_000], { generator: generatorOf(1) }).toNumbers());
/** The i-th normal number of a stream. */
const normal = (i: number, stream = 0) => noise[(i * 7 + stream * 1013) % noise.length];

type Columns = Record<string, (i: number) => number | string>;

async function describeColumns(
  [source, n]: [Columns, number],
  [target, m]: [Columns, number],
  table: OwnOptions = {},
  components: number | null = null,
) {
  const directory = folder();
  const ends: TableFacts[] = [];
  for (const [name, columns, rows] of [
    ["s.csv", source, n],
    ["t.csv", target, m],
  ] as const) {
    const path = join(directory, name);
    const lines = Array.from({ length: rows }, (_, i) =>
      Object.values(columns)
        .map((f) => f(i))
        .join(),
    );
    writeFileSync(path, `${Object.keys(columns).join()}\n${lines.join("\n")}\n`);
    const options = { split: "train", directory, table } as const;
    await prepareTable(`table:${path}`, options);
    ends.push(loadTable(`table:${path}`, options).facts!);
  }
  const transform = fitTransform(ends, "columns");
  const bounds = boundsOf(ends);
  return describeTables(ends, { transform, conditioning: null, bounds, components });
}

/** A column without anything to be said of it. */
const plainColumns = { x: (i: number) => normal(i) };

it("a column that follows from another one gets a note, columns of few values do not", async () => {
  const twins = {
    x: plainColumns.x,
    fahrenheit: (i: number) => (1.8 * normal(i) + 32).toFixed(3),
    below: (i: number) => -5 * normal(i),
    y: (i: number) => 2 * normal(i, 1),
    x2: plainColumns.x,
  };
  const few = { a: (i: number) => i % 2, b: (i: number) => (i + 1) % 2 };
  const { columns } = await describeColumns(
    [{ ...twins, ...few }, 400],
    [{ ...twins, ...few }, 400],
  );
  const noted = columns.filter(({ notes }) => notes.join().includes("in every distance"));
  expect(noted.map(({ name, notes }) => [name, notes[0]])).toEqual([
    [
      "fahrenheit",
      expect.stringMatching(/^is x in another unit .* counts twice .*exclude=fahrenheit/),
    ],
    ["below", expect.stringMatching(/^is x in another unit/)],
    ["x2", expect.stringMatching(/^has the values of x, which count twice/)],
  ]);
});

it("whole numbers of a column whose name ends on id get a note", async () => {
  const number = (i: number) => Math.round(1000 * normal(i, 1));
  const columns = Object.fromEntries(
    ["id", "patient_id", "patientID", "sample.Id", "humid", "Madrid"].map((name) => [name, number]),
  );
  const described = await describeColumns(
    [{ ...columns, idx_id: plainColumns.x }, 300],
    [{ ...columns, idx_id: plainColumns.x }, 300],
  );
  const noted = described.columns.filter(({ notes }) => notes.join().includes("the name of an id"));
  expect(noted.map(({ name }) => name)).toEqual(["id", "patient_id", "patientID", "sample.Id"]);
});

it.each<[string, number, number, boolean]>([
  ["wind_dir", 0, 360, true],
  ["Longitude (°)", -180, 180, true],
  ["phase", 0, 2 * Math.PI, true],
  ["wind_dir", 0, 90, false],
  ["director", 0, 360, false],
  ["direction", 0, 5000, false],
])("%s from %d to %d is an angle: %s", async (name, low, high, isAngle) => {
  const angle = (i: number) => low + ((high - low) * (i % 200)) / 199;
  const { columns } = await describeColumns([{ [name]: angle }, 400], [{ [name]: angle }, 400]);
  const { notes } = columns[0];
  expect(notes.some((note) => /of an angle: .* sine and cosine/.test(note))).toBe(isAngle);
});

it("ranges agree with the columns", async () => {
  const { columns, source, target, warnings } = await describeColumns(
    [{ ...plainColumns, y: (i) => i / 10 }, 1001],
    [{ ...plainColumns, y: (i) => i / 5 }, 1001],
  );
  expect(columns[1]).toMatchObject({
    name: "y",
    source: { min: 0, max: 100 },
    target: { min: 0, max: 200 },
    whole: false,
  });
  expect(source).toMatchObject({ rows: 1001, train: 901, test: 100 });
  expect(target?.dropped).toBe(0);
  expect(warnings.filter((line) => line.startsWith("column x"))).toEqual([]);
});

describe("a warning", () => {
  it.each<[string, (i: number) => number, (i: number) => number, RegExp | null]>([
    [
      "a constant column",
      () => 7,
      () => 7,
      /^constant \(7\) in source and target: .*keeps its value; data.exclude=y/,
    ],
    [
      "heavy tails",
      (i) => normal(i, 1) / normal(i, 2),
      (i) => normal(i, 4),
      /^heavy tails \(\S+ and \S+ standard deviations wide, a normal distribution less than 10\): data.standardise=robust may help$/,
    ],
    [
      "heavy tails of positive values",
      (i) => Math.exp(2 * normal(i, 1)),
      (i) => Math.exp(2 * normal(i, 5)),
      /^heavy tails .*data.standardise=robust or data.log1p=true may help$/,
    ],
    [
      "ends apart",
      (i) => normal(i, 2) / 9,
      (i) => 5 + normal(i, 2) / 9,
      /^source and target do not overlap: /,
    ],
    ["few values", (i) => i % 3, (i) => i % 2, /^few values: .*data.integer=y .*data.categories=y/],
    [
      "amounts that are mostly 0",
      (i) => (i % 10 ? 0 : Math.exp(normal(i, 2))),
      (i) => i / 2,
      /^most rows have one value: generated values lie near it, not at it/,
    ],
    ["an almost constant column", (i) => Number(i % 9 > 7) / 3, (i) => i / 2, /almost constant/],
    ["numbers of rows", (i) => i + 1, (i) => 2 * i + 1, /^rises with each row, .*data.keep=y/],
    [
      "whole numbers that a float64 rounds",
      (i) => 2 ** 53 + 2 ** 40 * ((i * 7919) % 2000),
      (i) => 2 ** 53 + 2 ** 41 * ((i * 7919) % 2000),
      /^has whole numbers above 2\^53, .*data.exclude=y .*data.keep=y keeps all digits/,
    ],
    [
      "a mark of missing values",
      (i) => (i % 40 === 3 ? -999 : normal(i, 2)),
      (i) => normal(i, 6),
      /^50 of 2000 rows of .*s.csv have -999, far from all other values \(-\S+ to \S+\): .*data.na="-999"'$/,
    ],
    [
      "a mark of five digits",
      (i) => (i % 40 === 3 ? -32768 : normal(i, 2)),
      (i) => normal(i, 6),
      /have -32768, .*data.na="-32768"'/,
    ],
    [
      "a value that is ordinary in the other table",
      (i) => (i % 40 === 3 ? 8 : 4 + (i % 3) / 9),
      (i) => 4 + (i % 9),
      null,
    ],
    ["counts with zeros", (i) => (i % 5 ? 9 + (i % 3) / 9 : 0), (i) => i / 7, null],
    ["two far rows", (i) => (i % 1000 === 3 ? 40 : normal(i, 2)), (i) => normal(i, 6), /^heavy/],
    ["many zeros", (i) => (i % 3 ? 0 : 5 + normal(i, 2) ** 2), (i) => i / 7, null],
    ["a normal column", (i) => normal(i, 2), (i) => 3 * normal(i, 6), null],
    [
      "a Laplace column",
      (i) => Math.sign(normal(i, 2)) * (normal(i, 3) ** 2 + normal(i, 4) ** 2),
      (i) => normal(i, 5),
      null,
    ],
  ])("says %s", async (_, source, target, expected) => {
    const { columns } = await describeColumns(
      [{ ...plainColumns, y: source }, 2000],
      [{ ...plainColumns, y: target }, 2000],
    );
    const { notes } = columns[1];
    if (expected === null) expect(notes).toEqual([]);
    else expect(notes.join("; ")).toMatch(expected);
  });

  const count = (i: number) => Math.floor(9 * normal(i, 2) ** 2);
  it.each<[string, Columns[string], Columns[string], RegExp | null]>([
    [
      "counts and logarithms",
      count,
      (i) => Math.log1p(count(i)),
      /s\.csv has whole .*t\.csv has fr/,
    ],
    [
      "logarithms and counts",
      (i) => Math.log1p(count(i)),
      count,
      /t\.csv has whole .*s\.csv has fr/,
    ],
    ["counts in both", count, (i) => count(i + 7), null],
  ])("says %s", async (_, y, z, expected) => {
    const { warnings } = await describeColumns([{ y }, 400], [{ y: z }, 400]);
    const found = warnings.filter((line) => line.includes("expected one matrix and unit"));
    expect(found.join()).toMatch(expected ?? /^$/);
  });

  it("says few rows", async () => {
    const two = { a: (i: number) => normal(i, 2), b: (i: number) => normal(i, 3) };
    const { warnings } = await describeColumns([two, 150], [two, 5000]);
    expect(warnings[0]).toMatch(
      /^few rows: .*s.csv has 135 to train on, expected 200 or more for 2 columns$/,
    );
    expect(warnings[1]).toBe("unequal sizes: 135 and 4500 rows to train on");
    const projected = await describeColumns([two, 300], [two, 400], {}, 50);
    expect(projected.warnings[0]).toMatch(/has 270 to train on, expected 500 or more for 50 princ/);
  });

  it.each<[string, Columns[string], Columns[string], OwnOptions, RegExp[]]>([
    [
      "classes",
      (i) => ["a", "b", "c"][i % 3],
      (i) => ["b", "c"][i % 2],
      {},
      [/^only .*s.csv has k a: these rows have no partners there$/],
    ],
    [
      "codes",
      (i) => i % 2,
      (i) => 1 + (i % 2),
      { classes: true },
      [/^only .*s.csv has k 0: /, /^only .*t.csv has k 2: /],
    ],
    [
      "numbers",
      (i) => i,
      (i) => i / 2,
      {},
      [/^k is 0 to 299 in .*s.csv, and 0 to 149.5 at the other end/],
    ],
    ["numbers of both", (i) => i % 5, (i) => i % 5, {}, []],
  ])("says which %s of the condition one end lacks", async (_, a, b, options, expected) => {
    const table = { condition: "k", ...options };
    const { warnings } = await describeColumns(
      [{ ...plainColumns, k: a }, 300],
      [{ ...plainColumns, k: b }, 300],
      table,
    );
    const found = warnings.filter((line) => line.includes("no partners"));
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("says that both datasets are one", async () => {
    const one = { a: (i: number) => normal(i, 2) };
    const same = await describeColumns([one, 300], [one, 300]);
    expect(same.warnings.join()).toMatch(
      /s.csv and .*t.csv have the same content: .*data.split_by/,
    );
    const other = await describeColumns([one, 300], [one, 301]);
    expect(other.warnings.join()).not.toMatch(/same content/);
  });

  it.each([
    [
      "copies of rows",
      (i: number) => normal(i % 400, 2),
      /^.*s.csv: \d+ of 80 held-out rows equal/,
    ],
    ["equal rows of whole numbers", (i: number) => i % 4, null],
    ["rows of their own", (i: number) => normal(i, 2), null],
  ] as const)("says %s on both sides of the split", async (_, a, expected) => {
    const { warnings } = await describeColumns([{ a }, 800], [{ a: (i) => normal(i, 3) }, 800]);
    const found = warnings.filter((line) => line.includes("equal training rows"));
    expect(found).toEqual(expected ? [expect.stringMatching(expected)] : []);
  });

  it("says how a file was read", async () => {
    const { warnings } = await describeColumns(
      [{ "x;y": (i) => `${i};1` }, 300],
      [{ "x;y": (i) => `${i};2` }, 300],
    );
    expect(warnings.filter((line) => line.includes("semicolons"))).toHaveLength(2);
  });
});
