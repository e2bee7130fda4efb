// Matrices of counts: one total for each cell, and the columns that vary most for their mean.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRows } from "@dsbm/data";
import h5wasm from "h5wasm/node";
import { beforeAll, describe, expect, it } from "vitest";
import { readAll, refusal, testFolders } from "../files.js";
import { loadPath } from "./tables.js";

const folder = testFolders();
const n = 120;
const d = 60;

/** Counts whose columns have different means and spreads; row 7 is empty, and column 5 too. */
const count = (i: number, k: number) => {
  if (i === 7 || k === 5) return 0;
  const share = (1 + ((131 * k + 197 * i + 7 * (k + 3) * i * i) % 1009)) / 1010;
  return Math.floor((2 + (k % 6)) / share ** (0.2 + (k % 10) / 20));
};
const rows = Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_, k) => count(i, k)));
const totals = rows.map((row) => row.reduce((sum, x) => sum + x, 0));
const names = Array.from({ length: d }, (_, k) => `gene${k}`);
const scaledCount = (i: number, k: number) =>
  totals[i] === 0 ? 0 : (count(i, k) * 1000) / totals[i];

/** Printed by `Rscript seurat-columns.R` in this folder (Seurat 5.2.1). */
const seuratColumns = [18, 19, 26, 36, 37, 39, 45, 48, 49, 57, 58, 59].map((k) => `gene${k}`);

type Value = (i: number, k: number) => number;

async function writeMatrix(name: string, value: Value, cells = n): Promise<string> {
  await h5wasm.ready;
  const path = join(folder(), name);
  const file = new h5wasm.File(path, "w");
  const data = Float64Array.from({ length: cells * d }, (_, at) =>
    value(Math.floor(at / d), at % d),
  );
  file.create_dataset({ name: "X", data, shape: [cells, d] });
  const vars = file.create_group("var");
  vars.create_attribute("_index", "gene");
  vars.create_dataset({ name: "gene", data: names });
  const obs = file.create_group("obs");
  obs.create_attribute("_index", "cell");
  obs.create_dataset({ name: "cell", data: Array.from({ length: cells }, (_, i) => `c${i}`) });
  file.close();
  return path;
}

let path = "";
beforeAll(async () => {
  path = await writeMatrix("counts.h5ad", count);
});

describe("data.normalise", () => {
  it("gives the chosen columns of each cell their share of the total of all columns", async () => {
    const { numbers } = await readAll(path, { numbers: ["gene3", "gene40"] }, { normalise: 1000 });
    for (const [j, k] of [3, 40].entries())
      numbers[j].forEach((x, i) => {
        expect(x).toBeCloseTo(scaledCount(i, k), 10);
      });
  });

  it.each<[string, Value, RegExp]>([
    ["logarithms", (i, k) => Math.log1p(count(i, k)), /look like logarithms: .*data.layer=counts/],
    ["negative values", (i, k) => count(i, k) - 1, /has -1 in its matrix.*expects counts/],
    ["NaN", (i, k) => (k === 3 ? Number.NaN : count(i, k)), /has NaN or infinity in its matrix/],
  ])("is refused for %s", async (_, value, text) => {
    const wrong = await writeMatrix("wrong.h5ad", value);
    const loading = loadPath(wrong, folder(), { normalise: 1000 });
    await expect(loading).rejects.toThrow(refusal("BadTable", text));
  });

  it.each<[string, Value, RegExp[]]>([
    [
      "empty cells and columns",
      count,
      [/1 of 120 cells have no counts/, /1 columns have no counts/],
    ],
    ["counts that are not whole", (i, k) => count(i, k) / 3, [/its counts are not whole numbers/]],
    ["one total", (i, k) => 7 * scaledCount(i, k), [/have one total already/]],
  ])("notes %s", async (_, value, texts) => {
    const { train } = await loadPath(await writeMatrix("noted.h5ad", value), folder(), {
      normalise: 1000,
    });
    for (const text of texts) expect(train.facts?.notes.join("\n")).toMatch(text);
  });

  it("is refused for tables of text", async () => {
    const csv = join(folder(), "t.csv");
    writeFileSync(csv, "a,b\n1,2\n3,4\n");
    await expect(openRows(csv, { normalise: 1000 })).rejects.toThrow(
      refusal("InvalidOption", /counts of each cell of a .h5ad file, got .*t.csv/),
    );
  });
});

it("counts are read in steps that say the rows so far, and end at a signal", async () => {
  const source = await openRows(path);
  const steps: number[] = [];
  const facts = await source.variability?.({ onRows: (rows) => steps.push(rows) });
  expect([steps, facts?.n]).toEqual([[n], n]);
  const stopped = source.variability?.({ signal: AbortSignal.abort() });
  await expect(stopped).rejects.toThrow(/aborted/);
  source.close();
});

describe("data.columns=hvg:N", () => {
  it("chooses among the rows of both files as among the rows of one", async () => {
    const part = (from: number, to: number) =>
      writeMatrix(`rows${from}.h5ad`, (i, k) => count(from + i, k), to - from);
    const [first, second] = [await part(0, 45), await part(45, n)];
    const chosen = { columns: ["hvg:12"], normalise: 1000 };
    const { train } = await loadPath(first, folder(), { ...chosen, others: [{ path: second }] });
    expect(train.facts?.columns).toEqual(seuratColumns);
    const like = train.facts!;
    const { test } = await loadPath(second, folder(), { ...chosen, like });
    expect(test.facts?.columns).toEqual(seuratColumns);
  });

  it("is the choice of Seurat's mean.var.plot", async () => {
    const { train } = await loadPath(path, folder(), { columns: ["hvg:12"], normalise: 1000 });
    expect(train.facts?.columns).toEqual(seuratColumns);
    expect(train.facts?.notes.join("\n")).toMatch(/12 of 60 columns vary most/);
  });

  it("leaves excluded columns and columns without variance out", async () => {
    const exclude = seuratColumns.slice(0, 3);
    const { train } = await loadPath(path, folder(), {
      columns: ["hvg:60"],
      exclude,
      normalise: 1000,
    });
    const left = names.filter((name) => name !== "gene5" && !exclude.includes(name));
    expect(train.facts?.columns).toEqual(left);
  });

  it.each([
    ["hvg:0", /expected hvg:N, such as hvg:2000/],
    ["hvg:many", /expected hvg:N/],
  ])("%s is refused", async (choice, text) => {
    const loading = loadPath(path, folder(), { columns: [choice] });
    await expect(loading).rejects.toThrow(refusal("InvalidOption", text));
  });
});
