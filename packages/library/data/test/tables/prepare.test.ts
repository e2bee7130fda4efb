// Tables as datasets: columns and rows to train on, refusals and the split.
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadTable, type OwnOptions, openRows } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { bytesToPrepare, checkDiskSpace } from "../../src/tables/prepare/disk-space.js";
import { matchColumns } from "../../src/tables/select.js";
import { refusal, testFolders } from "../files.js";
import { loadPath, loadText, type TableTestOptions, tableValues as values } from "./tables.js";

const folder = testFolders();
const load = (content: string, options: TableTestOptions = {}) =>
  loadText(folder(), content, options);

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
      /data.exclude=idd: .* no column idd; did you mean "id"\?/,
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

it("a table that does not fit on the disk is refused before it is read", () => {
  const size = { rows: 1e7, columns: 50, beside: 1 };
  expect(bytesToPrepare(size)).toBe(4.16e9);
  checkDiskSpace("t.csv", folder(), size, 5e9);
  expect(() => checkDiskSpace("t.csv", folder(), size, 4e9)).toThrow(
    refusal(
      "Unreadable",
      /t.csv: about 10000000 rows of 50 columns take 4.2 GB while they are prepared, and 4.0 GB are free in .*: expected enough space; free some, or choose another/,
    ),
  );
});

it("the rows of a text are estimated from its size and its first rows, for the time left", async () => {
  const lines = Array.from({ length: 5000 }, (_, i) => `${i % 10},${(i % 7) / 8}`);
  const path = join(folder(), "t.csv");
  writeFileSync(path, `a,b\n${lines.join("\n")}\n`);
  const source = await openRows(path);
  source.close();
  expect(source.rows).toBeNull();
  expect(Math.abs(source.estimatedRows! / 5000 - 1)).toBeLessThan(0.05);
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
    ["a name with an exponent, among names", "1E2", ["1E2", "100", "1E2", "x"], [1, 3]],
    ["a number with an exponent, among numbers", "1E2", ["100", "1e2", "100.0", "2"], [1, 2, 3]],
    [
      "a number of 17 digits",
      "20240101123456789",
      ["20240101123456789", "20240101123456788", "20240101123456789.0"],
      [1, 3],
    ],
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
          /column a has 1 missing value .* first in row 4, others b; 3 of 6 rows .*data.missing=drop.*data.exclude=a/,
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
      refusal("BadTable", /column a has 1 missing value .*infinite.* row 3/),
    );
    expect((await load(path, { missing: "drop" })).train.facts?.dropped).toBe(1);
  });
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
  await expect(loadPath(path, directory, {})).rejects.toThrow(/column a .*is a text among numbers/);
  expect(prepared()).toHaveLength(3);
  expect(() => loadTable(`table:${path}`, { split: "train", directory })).toThrow(
    refusal("NotPrepared", "await prepareTable"),
  );
});
