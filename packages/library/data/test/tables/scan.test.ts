// Plain lines are scanned from their bytes, others parsed: nobody can tell which.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openRows } from "@dsbm/data";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkNumbers } from "../../../../../scripts/check-numbers.mjs";
import { readAll, testFolders } from "../files.js";

const folder = testFolders();

function file(content: string | Uint8Array, name = "t.csv"): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

it("random texts of numbers have the bits of Number(), also at the limits of exact arithmetic", () => {
  expect(checkNumbers({ texts: 300_000, seed: 1 })).toEqual({ compared: 300_000, differences: [] });
});

it.each(["t.csv", "t.csv.gz"])(
  "%s is read from a line on without the lines in front of it",
  async (name) => {
    const text = 'a,b\nno,number\nno,number\n3,4\n5,"6"\n';
    const path = file(name.endsWith(".gz") ? gzipSync(text) : text, name);
    const from = { row: 2, text: { row: 2, line: 4, byte: text.indexOf("3") } };
    const source = await openRows(path);
    const batches = [];
    for await (const batch of source.batches({ numbers: ["b"], from }))
      batches.push([batch.first, ...batch.numbers[0]]);
    expect(batches).toEqual([
      [2, 4],
      [3, 6],
    ]);
  },
);

const cell = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("1", "-2.5", "1e3", "007", "0.1", "12345678901234567890"),
  },
  { weight: 2, arbitrary: fc.constantFrom("", "NA", "inf", " 3", "nan ", "+4", ".5", "5.", "-") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("é", '"6"', '"a,b"', "x\r", "0x10", "1;2", '"a""b"', "\t7"),
  },
);
const lineEnd = fc.constantFrom("\n", "\r\n");
const lines = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.tuple(cell, cell, cell).map((cells) => cells.join(",")) },
    { weight: 1, arbitrary: fc.constantFrom("", "1,2", "1,2,3,4") },
  ),
  { maxLength: 12 },
);

it("random tables have the texts that a parser reads", async () => {
  const check = async (rows: string[], end: string, hasLastEnd: boolean) => {
    const content = ["a,b,c", ...rows].join(end) + (hasLastEnd ? end : "");
    const options = { skip_empty_lines: true, relax_column_count: true };
    const records: string[][] = parse(content, options).slice(1);
    const isWhole = records.every(({ length }) => length === 3);
    const reading = readAll(file(content), { texts: ["b", "a"] });
    if (!isWhole) {
      await expect(reading).rejects.toThrow(/fields, expected 3/);
      return;
    }
    expect((await reading).texts).toEqual([
      records.map((record) => record[1]),
      records.map((record) => record[0]),
    ]);
  };
  await fc.assert(fc.asyncProperty(lines, lineEnd, fc.boolean(), check), { seed: 1, numRuns: 400 });
});

it("random tables of one column keep empty lines between their rows", async () => {
  const check = async (rows: string[], end: string, hasLastEnd: boolean) => {
    const content = ["a", ...rows].join(end) + (hasLastEnd ? end : "");
    const last = rows.findLastIndex((row) => row !== "");
    const expected = rows.slice(0, last + 1);
    const { numbers, texts } = await readAll(file(content), { numbers: ["a"], texts: ["a"] });
    expect(texts).toEqual([expected.map((row) => (row === '""' ? "" : row))]);
    expect([...numbers[0]]).toEqual(
      expected.map((row) => (/\d/.test(row) ? Number(row) : Number.NaN)),
    );
  };
  const rows = fc.array(fc.constantFrom("1", "-2.5", "7e3", "NA", " ", "", '""'), { maxLength: 9 });
  const isTable = rows.filter((all) => all.some((row) => row !== ""));
  const property = fc.asyncProperty(isTable, lineEnd, fc.boolean(), check);
  await fc.assert(property, { seed: 1, numRuns: 200 });
});

it("a large file is read by several threads up to a quoted cell, then parsed", async () => {
  const site = `day 7 at ${"a long way off ".repeat(6)}`;
  const rows = Array.from(
    { length: 250_000 },
    (_, i) => `${i},${i / 8},0.25,${i % 3 === 0 ? "NA" : site}`,
  );
  rows[150_000] = '150000,18750,0.25,"day, 8"';
  const read = (content: readonly string[]) =>
    readAll(file(["a,b,c,d", ...content].join("\n")), { numbers: ["b", "a"], texts: ["d"] });
  const { numbers, texts } = await read(rows);
  expect(numbers[1].every((value, i) => value === i)).toBe(true);
  expect(numbers[0].every((value, i) => value === i / 8)).toBe(true);
  expect([texts[0].length, texts[0][149_997], texts[0][150_000]]).toEqual([
    250_000,
    "NA",
    "day, 8",
  ]);
  rows[100_000] = "100000,many,0.25,day 7";
  await expect(read(rows)).rejects.toThrow(/column b has "many" in row 100001/);
});
