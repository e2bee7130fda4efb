// CSV as RFC 4180 has it, and numbers and strings that come back as what they were.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cell, formatCsv, openCsv, parseCsv, readCsv } from "../../src/files/table.js";
import { faultOf, scratch } from "../support.js";

const awkwardCells = fc.constantFrom(
  "",
  '"',
  ",",
  "\r\n",
  "\n",
  " a",
  "1",
  "-0",
  "1e5",
  "NaN",
  "Infinity",
  'a"b,c',
);
const text = fc.oneof(awkwardCells, fc.string({ unit: "grapheme" }));
const cell: fc.Arbitrary<Cell> = fc.oneof(
  text,
  fc.constantFrom(-0, Number.NaN),
  fc.double(),
  fc.integer(),
  fc.constant(null),
);

const tables = fc.uniqueArray(text, { minLength: 2, maxLength: 5 }).chain((columns) =>
  fc.array(fc.tuple(...columns.map(() => cell)), { maxLength: 6 }).map((records) => ({
    columns,
    rows: records.map((cells) => Object.fromEntries(columns.map((c, i) => [c, cells[i]]))),
  })),
);

describe("CSV text", () => {
  it("comes back exactly, -0 and NaN included", () => {
    fc.assert(
      fc.property(tables, (table) => {
        expect(parseCsv(formatCsv(table))).toStrictEqual(table);
      }),
      { seed: 2023, numRuns: 500 },
    );
  });

  it("of rows from an iterator has every row once, in order", () => {
    const made = Array.from({ length: 9000 }, (_, i) => ({ sample: i, name: `a,${i}` }));
    const { rows } = parseCsv(formatCsv({ columns: ["sample", "name"], rows: made.values() }));
    expect(rows).toEqual(made);
  });

  it("reads LF, a byte order mark, blank lines and a missing last line end", () => {
    const table = parseCsv("\ufeffa,b\n1,x\n\n2,\n,y");
    expect(table.columns).toEqual(["a", "b"]);
    expect(table.rows).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: null },
      { a: null, b: "y" },
    ]);
  });
});

describe("openCsv", () => {
  it("fixes the header, keeps rows when continued, and drops a cut last row", () => {
    const path = join(scratch(), "r.csv");
    const first = openCsv(path, ["n", "note"]);
    first.append({ n: 1, note: "a,\nb" });
    first.close();
    const whole = readFileSync(path, "utf8");
    for (const cut of ['2,"ab', "2,ab", "2"]) {
      writeFileSync(path, whole + cut);
      expect(readCsv(path).rows).toEqual([{ n: 1, note: "a,\nb" }]);
      openCsv(path, ["n", "note"]).close();
      expect(readFileSync(path, "utf8")).toBe(whole);
    }
    const second = openCsv(path, ["n", "note"]);
    second.append({ n: 2, note: null });
    second.close();
    expect(readCsv(path).rows).toEqual([
      { n: 1, note: "a,\nb" },
      { n: 2, note: null },
    ]);
  });

  it("continues a file with earlier names of columns", () => {
    const path = join(scratch(), "r.csv");
    writeFileSync(path, "n,variance_kept\n1,0.5\n2,0.");
    const csv = openCsv(path, ["n", "variance_ratio"]);
    csv.append({ n: 2, variance_ratio: 0.75 });
    csv.close();
    expect(readFileSync(path, "utf8")).toBe("n,variance_ratio\n1,0.5\n2,0.75\n");
  });

  it("refuses other columns", () => {
    const path = join(scratch(), "r.csv");
    const csv = openCsv(path, ["n", "mean"]);
    csv.close();
    expect(readCsv(path).rows).toEqual([]);
    const error = faultOf(() => openCsv(path, ["n", "var"]));
    expect(error.code).toBe("columns");
    expect(error.message).toMatch(/n,mean, expected n,var/);
  });
});
