// What is said of two tables before a bridge is trained: ranges in the file's own units, and warnings by their rules.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeTables, fitTransform, loadTable, type OwnOptions, prepareTable } from "@dsbm/data";
import { randn, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { seeded } from "../../../../../test/support/numbers.js";
import { testFolders } from "../files.js";

const folder = testFolders();
const noise = tidy(() => randn([40_000], { generator: seeded(1) }).toNumbers());
/** The i-th normal number of a stream. */
const normal = (i: number, stream = 0) => noise[(i * 7 + stream * 1013) % noise.length] as number;

type Columns = Record<string, (i: number) => number | string>;

async function described(
  [source, n]: [Columns, number],
  [target, m]: [Columns, number],
  table: OwnOptions = {},
) {
  const directory = folder();
  const ends = [];
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
    const one = async (split: "train" | "test") => {
      await prepareTable(`table:${path}`, { split, directory, table });
      return loadTable(`table:${path}`, { split, directory, table });
    };
    const [train, test] = [await one("train"), await one("test")];
    ends.push({ rows: { train: train.x, test: test.x }, facts: train.facts! });
  }
  const transform = fitTransform(
    ends.map(({ facts }) => facts),
    "columns",
  );
  return describeTables(ends[0]!, ends[1]!, { transform, conditioning: null });
}

/** A column without anything to be said of it. */
const plain = { x: (i: number) => normal(i) };

it("ranges are those of the columns", async () => {
  const { columns, source, target, warnings } = await described(
    [{ ...plain, y: (i) => i / 10 }, 1001],
    [{ ...plain, y: (i) => i / 5 }, 1001],
  );
  expect(columns[1]!.source).toMatchObject({ min: 0, max: 100, median: 50, q25: 25, q75: 75 });
  expect(columns[1]!.target?.max).toBe(200);
  expect(columns[1]!.source.mean).toBeGreaterThan(48);
  expect(columns[1]!.source.mean).toBeLessThan(52);
  expect(columns[0]!.source.std).toBeCloseTo(1, 0);
  expect(source).toMatchObject({ rows: 1001, train: 901, test: 100, kind: "table", shape: [2] });
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
      "constants that differ",
      () => 7,
      () => 8,
      /^almost constant.*; source and target do not overlap|^almost constant/,
    ],
    [
      "an almost constant column",
      (i) => (i % 50 === 0 ? normal(i) : 0),
      (i) => normal(i, 3),
      /^almost constant: 98 % of the source have one value$/,
    ],
    ["few values", (i) => i % 3, (i) => i % 4, /^4 different values: .*data.classes=y/],
    [
      "heavy tails",
      (i) => normal(i, 1) / normal(i, 2),
      (i) => normal(i, 4),
      /^heavy tails \(source: the middle 99 % spans .*normal distribution's 3.8\)$/,
    ],
    [
      "heavy tails of positive values",
      (i) => Math.exp(2 * normal(i, 1)),
      (i) => Math.exp(2 * normal(i, 5)),
      /^heavy tails .*data.log1p=true may help$/,
    ],
    [
      "an outlier",
      (i) => (i === 3 ? 1e4 : normal(i, 2)),
      (i) => normal(i, 5),
      /^heavy tails \(source/,
    ],
    [
      "ends apart",
      (i) => normal(i, 2) / 9,
      (i) => 5 + normal(i, 2) / 9,
      /^source and target do not overlap: /,
    ],
    ["numbers of rows", (i) => i + 1, (i) => i + 1, /^counts the rows: .*data.keep=y/],
    ["a normal column", (i) => normal(i, 2), (i) => 3 * normal(i, 6), null],
    [
      "a Laplace column",
      (i) => Math.sign(normal(i, 2)) * (normal(i, 3) ** 2 + normal(i, 4) ** 2),
      (i) => normal(i, 5),
      null,
    ],
  ])("says %s", async (_, source, target, expected) => {
    const { columns } = await described(
      [{ ...plain, y: source }, 2000],
      [{ ...plain, y: target }, 2000],
    );
    const { notes } = columns[1]!;
    if (expected === null) expect(notes).toEqual([]);
    else expect(notes.join("; ")).toMatch(expected);
  });

  it("says few rows and unequal sizes", async () => {
    const two = { a: (i: number) => normal(i, 2), b: (i: number) => normal(i, 3) };
    const { warnings } = await described([two, 150], [two, 5000]);
    expect(warnings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^few rows: .*s.csv has 135 to train on, expected 200 or more for 2 columns$/,
        ),
        expect.stringMatching(/^very unequal sizes: .*t.csv has 4500 .*s.csv 135$/),
      ]),
    );
  });

  it.each<[string, Columns[string], Columns[string], OwnOptions, RegExp[]]>([
    [
      "classes",
      (i) => ["a", "b", "c"][i % 3]!,
      (i) => ["b", "c"][i % 2]!,
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
    const { warnings } = await described(
      [{ ...plain, k: a }, 300],
      [{ ...plain, k: b }, 300],
      table,
    );
    const found = warnings.filter((line) => line.includes("no partners"));
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("says how a file was read", async () => {
    const { warnings } = await described(
      [{ "x;y": (i) => `${i};1` }, 300],
      [{ "x;y": (i) => `${i};2` }, 300],
    );
    expect(warnings.filter((line) => line.includes("semicolons"))).toHaveLength(2);
  });
});
