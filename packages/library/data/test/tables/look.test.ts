// A first look at a table: what a page and `dsbm look` show of its columns.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import h5wasm from "h5wasm/node";
import { expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { lookAtTable } from "../../src/index.js";

const folder = scratch();

it("a first look counts rows, missing values and texts, and has the histogram of numbers", async () => {
  const path = join(folder, "a.csv");
  writeFileSync(path, "site,x\na,0\nb,10\na,\na,20\n,10\n");
  const { rows, columnCount, columns } = await lookAtTable(path);
  expect([rows, columnCount]).toEqual([5, 2]);
  const [site, x] = columns;
  expect(site).toEqual({
    name: "site",
    kind: "text",
    missing: 1,
    histogram: null,
    examples: ["a", "b"],
  });
  expect(x).toMatchObject({ name: "x", kind: "number", missing: 1, examples: [] });
  const { low, high, mean, deviation, shares = [] } = x.histogram ?? {};
  expect([low, high, mean, shares.length]).toEqual([0, 20, 10, 20]);
  expect(deviation).toBeCloseTo(Math.sqrt(50), 12);
  expect([shares[0], shares[10], shares[19]]).toEqual([0.25, 0.5, 0.25]);
});

it.each([
  ["1;2,5\n2;k.A.\n3;4,5", {}, '("2,5" in row 1) has commas: write data.decimal=, if they'],
  [
    "1;2,5\n2;k.A.\n3;4,5",
    { decimal: "," },
    '("k.A." in row 2) is a text among numbers: repair it, or write data.na=k.A. if it marks missing values',
  ],
  ["1;2,5\n2;k.A.\n3;4,5", { decimal: ",", na: ["k.A."] }, "decimal commas (data.decimal=,)"],
] as const)("a first look at %j with the options %j says %s", async (rows, options, expected) => {
  const path = join(folder, "notation.csv");
  writeFileSync(path, `a;b\n${rows}\n`);
  const { notes } = await lookAtTable(path, options);
  expect(notes.at(-1)).toContain(expected);
});

const geneNames = Array.from({ length: 250 }, (_, k) => `g${k}`);

it("a first look at a wide table has its first columns of numbers, and all texts", async () => {
  const path = join(folder, "wide.csv");
  writeFileSync(
    path,
    `${[...geneNames, "site"]}\n${[...geneNames.keys(), "a"]}\n${[...geneNames.keys(), "b"]}\n`,
  );
  const { columnCount, columns, notes } = await lookAtTable(path);
  expect(columnCount).toBe(251);
  expect(columns.map(({ name }) => name)).toEqual([...geneNames.slice(0, 10), "site"]);
  expect(notes).toEqual(["250 columns of numbers, of which the first 10 are shown"]);
});

it.each([
  [
    "whole counts",
    (i: number, k: number) => (i === 3 || k === 5 ? 0 : i + (k % 7)),
    /whole counts up to 8, totals of rows differ; 1 of 4 rows and 1 columns are all 0/,
  ],
  ["values below 0", (i: number) => i - 2, /no counts, since it has values below 0/],
])(
  "a first look at a matrix of %s sums it up, and has the columns of obs",
  async (title, value, summary) => {
    await h5wasm.ready;
    const path = join(folder, `${title}.h5ad`);
    const file = new h5wasm.File(path, "w");
    const cells = [0, 1, 2, 3].flatMap((i) => geneNames.map((_, k) => value(i, k)));
    file.create_dataset({ name: "X", data: Float64Array.from(cells), shape: [4, 250] });
    const group = (name: string, columns: Record<string, string[]>) => {
      const frame = file.create_group(name);
      frame.create_attribute("_index", "name");
      for (const [key, data] of Object.entries(columns)) frame.create_dataset({ name: key, data });
    };
    group("var", { name: geneNames });
    group("obs", { name: ["a", "b", "c", "d"], treatment: ["drug", "none", "drug", "none"] });
    file.close();
    const { columns, notes } = await lookAtTable(path);
    expect(columns.at(-1)).toMatchObject({ name: "treatment", examples: ["drug", "none"] });
    expect(notes.at(-1)).toMatch(summary);
  },
);
