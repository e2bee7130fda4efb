// Tables as datasets: columns and rows to train on, refusals, split and standardisation.
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  boundsOf,
  encodeCondition,
  fitCondition,
  fitTransform,
  limitsOf,
  loadTable,
  type OwnOptions,
  prepareTable,
  RowUnits,
  type Table,
  Units,
} from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { matchColumns } from "../../src/tables/select.js";
import { refusal, testFolders } from "../files.js";

const folder = testFolders();

interface Options extends OwnOptions {
  test_fraction?: number;
  seed?: number;
  n?: number;
}

/** Both splits of a table with this text, in a folder of its own. */
async function load(text: string, options: Options = {}) {
  const directory = folder();
  const path = join(directory, "t.csv");
  writeFileSync(path, text);
  return { path, ...(await loadPath(path, directory, options)) };
}

async function loadPath(path: string, directory: string, options: Options) {
  const { test_fraction, seed, n, ...table } = options;
  const all = {
    ...{ directory, table },
    ...(test_fraction && { test_fraction }),
    ...(seed && { seed }),
    ...(n && { n }),
  };
  const one = async (split: "train" | "test") => {
    await prepareTable(`table:${path}`, { ...all, split });
    return loadTable(`table:${path}`, { ...all, split });
  };
  return { train: await one("train"), test: await one("test") };
}

/** The values of rows, with the offset added again. */
const values = ({ x, facts }: Table) =>
  tidy(() => {
    const flat = x.toNumbers();
    const d = facts!.columns.length;
    return Array.from({ length: flat.length / d }, (_, i) =>
      facts!.offset.map((offset, k) => flat[i * d + k] + offset),
    );
  });

const text =
  "id,a,b,kind\n" +
  Array.from({ length: 40 }, (_, i) => `r${i},${i},${i / 8},${i % 2 ? "x" : "y"}`).join("\n");

describe("columns", () => {
  it.each<[string, OwnOptions, string[]]>([
    ["numbers are trained on", { exclude: ["id", "kind"] }, ["a", "b"]],
    ["named ones, in their order", { columns: ["b", "a"] }, ["b", "a"]],
    ["kept ones and the condition are not", { keep: ["id", "a"], condition: "kind" }, ["b"]],
    ["nor are texts of a condition", { keep: ["id"], where: 'kind == "x"' }, ["a", "b"]],
    ["nor is the group", { columns: ["a"], split_by: "kind", group: "x" }, ["a"]],
    [
      "another end gives their order",
      { exclude: ["id", "kind"], like: { path: "s", named: true, columns: ["b", "a"] } },
      ["b", "a"],
    ],
    [
      "or their number",
      { columns: ["a", "b"], like: { path: "s", named: false, columns: ["c0", "c1"] } },
      ["a", "b"],
    ],
  ])("%s", async (_, options, expected) => {
    const { train } = await load(text, options);
    expect(train.facts?.columns).toEqual(expected);
    expect(train.x.shape[1]).toBe(expected.length);
  });

  it.each<[string, OwnOptions, string, RegExp]>([
    [
      "texts",
      {},
      "BadTable",
      /columns id \("r0" in row 1\), kind \("y" in row 1\): expected numbers; write data.exclude=id,kind .*data.keep .*data.condition .*data.split_by/,
    ],
    ["texts next to an excluded column", { exclude: ["id"] }, "BadTable", /data.exclude=id,kind /],
    [
      "unknown names",
      { exclude: ["idd"] },
      "InvalidOption",
      /data.exclude=idd: .* no such column; did you mean "id"\?/,
    ],
    [
      "none left",
      { exclude: ["id", "kind", "a", "b"] },
      "BadTable",
      /no column is left to train on/,
    ],
    [
      "other names at the other end",
      { columns: ["a", "b"], like: { path: "s.csv", named: true, columns: ["a", "c"] } },
      "BadTable",
      /different columns: only s.csv has c; only .*t.csv has b: .*write data.columns=a$/,
    ],
    [
      "another number at the other end",
      { columns: ["a", "b"], like: { path: "s.npy", named: false, columns: ["c0"] } },
      "BadTable",
      /s.npy: has 1 columns and .*t.csv 2/,
    ],
    [
      "an unknown group",
      { columns: ["a"], split_by: "kind", group: "z" },
      "InvalidOption",
      /no row has kind=z; kind has y, x/,
    ],
    [
      "a condition that no row meets",
      { columns: ["a"], where: "a > 1e9" },
      "InvalidOption",
      /data.where=a > 1e9 keeps no rows of .*write a wider condition/,
    ],
  ])("%s are refused", async (_, options, code, message) => {
    await expect(load(text, options)).rejects.toThrow(refusal(code, message));
  });
});

it("60,000 columns are compared in a moment", () => {
  const columns = Array.from({ length: 60_000 }, (_, i) => `c${i}`);
  const end = { path: "t.csv", named: true, columns };
  const began = performance.now();
  matchColumns(end, end);
  expect(performance.now() - began).toBeLessThan(2000);
});

describe("rows", () => {
  it("are split by the seed, each into one part", async () => {
    const options = { columns: ["a"], test_fraction: 0.25 };
    const { train, test } = await load(text, options);
    const [left, right] = [values(train).flat(), values(test).flat()];
    expect([left.length, right.length]).toEqual([30, 10]);
    expect([...left, ...right].sort((p, q) => p - q)).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    );
    expect(test.order?.toNumbers().length).toBe(10);
    expect(values((await load(text, options)).test).flat()).toEqual(right);
    expect(values((await load(text, { ...options, seed: 7 })).test).flat()).not.toEqual(right);
    const some = await load(text, { ...options, n: 4 });
    expect(values(some.train).length).toBe(4);
  });

  it.each<[string, string, string[], number[]]>([
    ["its value, as a text or a number", "2", ["2", "2.0", "3", " 2", "02x"], [1, 2, 4]],
    ["a range of numbers", "2..10", ["1", "2", "10", "5.5", "x"], [2, 3, 4]],
    ["a range without an end", "-3..", ["-4", "-3", "1e5", ""], [2, 3]],
    ["a year", "2019", ["2019-05-03", "2019/12/31", "2020-01-01"], [1, 2]],
    ["a month", "2019-05", ["2019-05-03", "2019-05-31T10:00", "2019-06-01"], [1, 2]],
    ["years", "2018..2019", ["2017-12-31", "2018-01-01", "2019-12-31", "2020-01-01"], [2, 3]],
    ["days", "2018-02-01..2018-02-28", ["2018-01-31", "2018-02-01", "2018-02-28 12:00"], [2, 3]],
    ["texts with two dots", "a..b", ["a..b", "b", "a..b "], [1, 3]],
  ])("of a group have %s", async (_, group, cells, expected) => {
    const text = ["a,g", ...cells.map((cell, i) => `${i + 1},${cell}`)].join("\n");
    const { train, test } = await load(text, { columns: ["a"], split_by: "g", group });
    expect([...values(train), ...values(test)].flat().sort()).toEqual(expected);
    expect(train.facts).toMatchObject({ rows: expected.length, group });
  });
  it.each(["", "NA", "nan", "NaN", "null", "N/A"])(
    "with %j are refused or dropped",
    async (cell) => {
      const holes = `a,b\n1,1\n2,${cell}\n3,3\n${cell},4\n5,${cell}\n6,6\n`;
      await expect(load(holes)).rejects.toThrow(
        refusal(
          "BadTable",
          /column a has 1 missing values .* first in row 4, others b; 3 of 6 rows .*data.missing=drop.*data.exclude=a/,
        ),
      );
      const { train, test } = await load(holes, { missing: "drop" });
      expect([...values(train), ...values(test)].map(([a]) => a).sort()).toEqual([1, 3, 6]);
      expect(train.facts).toMatchObject({ rows: 6, dropped: 3 });
    },
  );

  it.each(["inf", "-Infinity", "1e300", "1e38"])("with %s are refused too", async (cell) => {
    const path = `a\n1\n2\n${cell}\n`;
    await expect(load(path)).rejects.toThrow(
      refusal("BadTable", /column a has 1 missing values .*infinite.* row 3/),
    );
    expect((await load(path, { missing: "drop" })).train.facts?.dropped).toBe(1);
  });
});

describe("the transform", () => {
  const facts = async (columns: string, options: OwnOptions = {}) =>
    (await load(columns, options)).train.facts!;
  const rows = (f: (i: number) => (number | string)[]) =>
    `a,b,c\n${Array.from({ length: 400 }, (_, i) => f(i).join()).join("\n")}\n`;
  const alternate = (i: number) => (i % 2 === 0 ? 1 : -1);

  it("has mean and deviation of the training rows of both ends together", async () => {
    const source = await facts(rows((i) => [1 + alternate(i), 1e6 * alternate(i), 5]));
    const target = await facts(rows((i) => [5 + alternate(i), 1e6 * alternate(i), 5]));
    for (const standardise of ["columns", "global", "none"] as const) {
      const { mean, std } = fitTransform([source, target], standardise);
      // Half of the training rows are not exactly at each value.
      expect(Math.abs(mean[0]! - (standardise === "none" ? 0 : 3))).toBeLessThan(0.1);
      expect(mean[2]).toBe(5);
      expect(std[2]).toBe(0);
      const expected = {
        columns: [Math.sqrt(5), 1e6],
        global: [1e6 / Math.SQRT2, 1e6 / Math.SQRT2],
        none: [1, 1],
      };
      expect(std[0]! / expected[standardise][0]!).toBeCloseTo(1, 1);
      expect(std[1]! / expected[standardise][1]!).toBeCloseTo(1, 1);
    }
  });

  it("is undone, and constant columns keep their values exactly", async () => {
    const source = await facts(rows((i) => [0.1 * i, 1e-3 * i, 0.1]));
    const transform = fitTransform([source, source], "columns");
    const columns = [
      [7, 8, 9],
      [0, 0.3, 2],
      [0.1, 0.1, 0.1],
    ].map((x) => Float64Array.from(x));
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const z = tidy(() => units.apply(columns).toArray() as Float32Array);
    expect([z[2], z[5], z[8]]).toEqual([0, 0, 0]);
    z[5] = 3;
    const back = tidy(() => units.undo(tensor(z, { shape: [3, 3] })));
    for (const i of [0, 1, 2]) {
      expect(back[0]![i]).toBeCloseTo(columns[0][i], 4);
      expect(back[1]![i]).toBeCloseTo(columns[1]![i]!, 6);
      expect(back[2]![i]).toBe(0.1);
    }
  });

  it("holds generated values to the data's range, a written one, and whole numbers", async () => {
    const names = ["a", "b", "c"];
    const all = await facts(rows((i) => [i % 10, i / 100, i % 3]));
    const bounds = boundsOf([all, all]);
    expect(bounds.whole).toEqual([true, false, true]);
    const transform = fitTransform([all], "columns");
    const made = [
      [-4, 4.4, 12],
      [0.6, 9, -9],
      [1.6, 0, 0],
    ].map((x) => Float64Array.from(x));
    const held = (range: true | string[] | null, integer: true | string[] | null) => {
      const limits = limitsOf(names, bounds, { range, integer });
      const units = new Units({ names, named: true, transform, limits });
      const columns = tidy(() => units.undo(units.apply(made))).map((x) => Array.from(x));
      const rowUnits = new RowUnits(transform, [0, 0, 0], limits);
      const byRows = tidy(() => {
        const x = tensor(Float64Array.from([0, 1, 2].flatMap((i) => made.map((c) => c[i]!))), {
          shape: [3, 3],
        });
        return rowUnits.undo(rowUnits.apply(x.to("float32"))).toNumbers();
      });
      rowUnits.dispose();
      for (const [i, value] of byRows.entries())
        expect(value).toBeCloseTo(columns[i % 3]![Math.floor(i / 3)]!, 3);
      return columns.map((column) => column.map((x) => Math.round(1000 * x) / 1000 + 0));
    };
    expect(held(true, true)).toEqual([
      [0, 4, 9],
      [0.6, 3.99, 0],
      [2, 0, 0],
    ]);
    expect(held(["a", "b:..1"], ["b"])).toEqual([
      [0, 4.4, 9],
      [1, 1, -9],
      [1.6, 0, 0],
    ]);
    expect(held(["c:0.5.."], null)[2]).toEqual([1.6, 0.5, 0.5]);
    for (const [range, message] of [
      [["dddd"], /data.range=dddd: no such column is trained on; there are a, b, c/],
      [["a:x..1"], /data.range=a:x..1: expected COLUMN, or COLUMN:LOW..HIGH/],
      [["a:2..1"], /expected COLUMN, or COLUMN:LOW..HIGH/],
    ] as const)
      expect(() => limitsOf(names, bounds, { range, integer: null })).toThrow(
        refusal("InvalidOption", message),
      );
  });

  it("takes log(1 + x), and refuses negative values", async () => {
    const f = await facts(
      rows((i) => [i, 2 * i, 1]),
      { log1p: true },
    );
    expect(f.range.max[0]).toBeCloseTo(Math.log(400), 10);
    const transform = fitTransform([f], "columns");
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const pair = (x: number, y: number) => Float64Array.of(x, y);
    const back = tidy(() => units.undo(units.apply([pair(0, 9), pair(1, 1), pair(1, 1)])));
    expect(back[0]![1]).toBeCloseTo(9, 3);
    await expect(facts("a\n1\n-0.5\n3\n", { log1p: true })).rejects.toThrow(
      refusal("BadTable", /column a has -0.5 in row 2, which data.log1p=true cannot take/),
    );
  });
});

it("numbers are classes if they are codes, and source and target have the classes of both", async () => {
  const coded = (cells: string[], options: OwnOptions = {}) =>
    load(["x,k", ...cells.map((k, i) => `${i},${k}`)].join("\n"), { condition: "k", ...options });
  const source = await coded(["4", "10", "4.0", "10", "8"], { classes: true });
  const target = await coded(["10", "3", "4", "4", "3"], { classes: true });
  const ends = [source.train.facts!, target.train.facts!];
  const condition = fitCondition(ends)!;
  expect(condition.classes).toEqual(["3", "4", "8", "10"]);
  for (const [i, { train }] of [source, target].entries()) {
    const own = ends[i]!.condition!.classes;
    using rows = encodeCondition(condition, train.condition!, own);
    const labels = tidy(() => rows.argmax({ dim: 1 }).toNumbers()).map(
      (k) => condition.classes![k],
    );
    const codes = tidy(() => train.condition!.toNumbers()).map((k) => own![k]);
    expect(labels).toEqual(codes);
  }
  const other = await coded(["1", "2", "1"], { classes: true });
  expect(() => fitCondition([ends[0]!, other.train.facts!])).toThrow(
    refusal("InvalidOption", /no class of .* \(4, 8, 10\) is one of .* \(1, 2\)/),
  );
});

it("a table is prepared again if its content changes, whatever its size and time say", async () => {
  const directory = folder();
  const path = join(directory, "t.csv");
  const rowsAt = async (content: string) => {
    writeFileSync(path, content);
    utimesSync(path, 1e9, 1e9);
    const { train, test } = await loadPath(path, directory, {});
    return [...values(train), ...values(test)].flat().sort();
  };
  expect(await rowsAt("a\n1\n2\n3\n")).toEqual([1, 2, 3]);
  expect(await rowsAt("a\n1\n2\n9\n")).toEqual([1, 2, 9]);
});

it("a table is prepared once, again when it changes, and a failure leaves no files", async () => {
  const directory = folder();
  const path = join(directory, "t.csv");
  writeFileSync(path, "a\n1\n2\n3\n");
  const prepared = () => readdirSync(join(directory, "prepared"));
  const before = values((await loadPath(path, directory, {})).train);
  expect(prepared()).toHaveLength(1);
  expect(values((await loadPath(path, directory, {})).train)).toEqual(before);
  expect(prepared()).toHaveLength(1);
  await loadPath(path, directory, { seed: 3 });
  expect(prepared()).toHaveLength(2);
  writeFileSync(path, "a\n1\n2\n3\n4\n");
  const changed = await loadPath(path, directory, {});
  expect(changed.train.facts?.rows).toBe(4);
  writeFileSync(path, "a\n1\n2\nx\n");
  await expect(loadPath(path, directory, {})).rejects.toThrow(/text in the column a/);
  expect(prepared()).toHaveLength(3);
  expect(() => loadTable(`table:${path}`, { split: "train", directory })).toThrow(
    refusal("NotPrepared", "await prepareTable"),
  );
});
