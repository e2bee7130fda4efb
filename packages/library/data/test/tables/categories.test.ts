// Columns of texts as coordinates: levels of several files, their weight, refusals, and the way back.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  categoryBlocks,
  columnsOfFile,
  fitTransform,
  type OwnOptions,
  openTableWriter,
  RowUnits,
  Units,
} from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { refusal, testFolders } from "../files.js";
import { loadPath, tableValues } from "./tables.js";

const folder = testFolders();
const colours = ["red", "green", "blue"];

/** A table of rows of a number, a colour and an id. */
const tableText = (rows: number, colour: (i: number) => string, more = "") =>
  `x,colour,id${more && ",more"}\n${Array.from({ length: rows }, (_, i) => `${i / 4},${colour(i)},row ${i}${more && `,${more}`}`).join("\n")}\n`;

/** Writes tables into one folder; returns the facts and the values of each, read as source and target. */
async function loadTables(texts: readonly string[], options: OwnOptions) {
  const directory = folder();
  const paths = texts.map((text, k) => {
    const path = join(directory, `${k}.csv`);
    writeFileSync(path, text);
    return path;
  });
  const others = paths.slice(1).map((path) => ({ path }));
  const source = await loadPath(paths[0], directory, { ...options, others });
  const like = source.train.facts!;
  const targets: (typeof source)[] = [];
  for (const path of paths.slice(1))
    targets.push(await loadPath(path, directory, { ...options, like }));
  return [source, ...targets];
}

const auto = { categories: ["auto"] };

it("a level of one file is a coordinate of both, and ids are not trained on", async () => {
  const texts = [tableText(40, (i) => colours[i % 2]), tableText(30, (i) => colours[1 + (i % 2)])];
  const [source, target] = await loadTables(texts, auto);
  for (const { train } of [source, target])
    expect(train.facts!.columns).toEqual(["x", "colour=blue", "colour=green", "colour=red"]);
  const { facts } = source.train;
  expect(columnsOfFile(facts!.columns, facts!.categories)).toEqual(["x", "colour"]);
  expect(facts!.notes.join("\n")).toMatch(
    /^categories: colour \(blue, green, red\)\ncolumn id names the rows \(40 different texts in 40 rows\).*data.keep=id/,
  );
  for (const [x, ...levels] of tableValues(target.train)) {
    const isGreen = (4 * x) % 2 === 0;
    expect(levels).toEqual([Number(!isGreen), Number(isGreen), 0]);
  }
});

it("a paired table has the same ids in both files", async () => {
  const text = tableText(40, (i) => colours[i % 3]);
  const [source, target] = await loadTables([text, text], auto);
  expect(target.train.facts!.columns).toEqual(source.train.facts!.columns);
  expect(source.train.facts!.columns).not.toContain("id=row 1");
});

it.each<[string, OwnOptions, string[]]>([
  ["a kept category is none", { keep: ["colour", "id"] }, ["x"]],
  ["nor is a condition", { condition: "colour", keep: ["id"] }, ["x"]],
  ["nor texts of data.where", { where: 'colour != "red"' }, ["x"]],
  [
    "a named category may be in data.where, whose other rows have no levels",
    { categories: ["colour"], where: 'colour != "red"', exclude: ["id"] },
    ["x", "colour=blue", "colour=green"],
  ],
  [
    "numbers are a category by name",
    { categories: ["x"], columns: [], where: "x < 1" },
    ["x=0", "x=0.25", "x=0.5", "x=0.75"],
  ],
  [
    "data.columns gives the order",
    { columns: ["colour", "x"] },
    ["colour=blue", "colour=green", "colour=red", "x"],
  ],
])("%s", async (_, options, columns) => {
  const [{ train }] = await loadTables([tableText(60, (i) => colours[i % 3])], {
    ...auto,
    ...options,
  });
  expect(train.facts!.columns).toEqual(columns);
});

it.each<[string, string, OwnOptions, RegExp]>([
  [
    "too many levels",
    tableText(400, (i) => `c${i % 100}`),
    auto,
    /column colour has 100 different texts: expected at most 64 levels of a category; merge the rare ones; write data.exclude=colour to leave the column out, or write data.keep=colour/,
  ],
  [
    "a text among numbers",
    tableText(200, (i) => (i === 50 ? "broken" : String(i % 90))),
    auto,
    /column colour \("broken" in row 51\) is a text among numbers: repair it, or write data.na=broken if it marks/,
  ],
  [
    "a text among numbers that all differ",
    tableText(200, (i) => (i === 50 ? "broken" : String(1.5 * i))),
    auto,
    /column colour \("broken" in row 51\) is a text among numbers/,
  ],
  [
    "columns of several problems",
    `a;b;c;d\n1,5;2,5;x;u\n${"1,5;2,5;3;v\n".repeat(9)}`,
    {},
    /columns a .*, b .* have commas: .*; column c \("x" in row 1\) is a text among numbers: .*; text in the column d .*: expected numbers; write data.exclude=a,b,c,d to leave all out/,
  ],
  [
    "shares in per cent",
    tableText(60, (i) => `${i % 3} %`),
    auto,
    /column colour \("0 %" in row 1\) has signs of .* name the column in data.categories if/,
  ],
  [
    "decimal commas",
    tableText(60, (i) => `"${i % 3},5"`),
    auto,
    /column colour \("0,5" in row 1\) has commas: write data.decimal=,/,
  ],
  [
    "decimal commas and a mark of missing values",
    tableText(60, (i) => (i === 30 ? "k.A." : `"${i % 50},5"`)),
    auto,
    /column colour \("0,5" in row 1\) has commas: write data.decimal=,/,
  ],
  [
    "a title above the names",
    `Report 2024,,,\n${tableText(60, (i) => colours[i % 3])}`,
    auto,
    /its first line names 1 of 4 columns \(Report 2024\): expected .*remove the lines above/,
  ],
  [
    "missing texts",
    tableText(60, (i) => (i % 20 === 7 ? "" : colours[i % 3])),
    auto,
    /column colour has 3 missing values .*the first in row 8; 3 of 60 rows .*data.missing=drop .*data.exclude=colour/,
  ],
  [
    "an unknown column",
    tableText(60, (i) => colours[i % 3]),
    { categories: ["color"] },
    /data.categories=color: .*did you mean "colour"/,
  ],
  [
    "a column of two uses",
    tableText(60, (i) => colours[i % 3]),
    { categories: ["colour"], keep: ["colour", "id"] },
    /data.categories=colour: data.keep has the column too: expected one use/,
  ],
  [
    "a column with the name of a level",
    `colour=red,colour\n${Array.from({ length: 30 }, (_, i) => `${i},${colours[i % 2]}`).join("\n")}\n`,
    auto,
    /has a column colour=red, which is the name of a level too: .*rename it/,
  ],
])("%s: refused in one line", async (_, text, options, message) => {
  await expect(loadTables([text], options)).rejects.toThrow(message);
});

it.each<[string, string, RegExp]>([
  [
    "a file without the column",
    "x,id\n1,a\n2,b\n",
    /has no column colour, a category of blue, green, red: expected the same columns in all files/,
  ],
  [
    "a column of numbers that only one file has",
    tableText(60, (i) => colours[i % 3], "7"),
    /different columns: only .*1.csv has more/,
  ],
])("%s is refused next to the source", async (_, text, message) => {
  const source = tableText(60, (i) => colours[i % 3]);
  await expect(loadTables([source, text], auto)).rejects.toThrow(message);
});

it("a level that only a later file has is refused with its row", async () => {
  const directory = folder();
  const path = join(directory, "new.csv");
  writeFileSync(path, `x,colour\n1,red\n2,violet\n`);
  const like = {
    ...{ path: "s.csv", named: true, columns: ["x", "colour=blue", "colour=red"] },
    categories: [{ name: "colour", levels: ["blue", "red"] }],
  };
  await expect(loadPath(path, directory, { ...auto, like })).rejects.toThrow(
    refusal(
      "BadTable",
      /column colour has "violet" in row 2: expected one of blue, red; repair it, or write 'data.where="colour != \\"violet\\""'/,
    ),
  );
});

it("a Parquet file has the categories of the text file", async () => {
  const directory = folder();
  const path = join(directory, "t.parquet");
  const writer = openTableWriter(path, {
    format: ".parquet",
    kept: [{ name: "colour", kind: "text" }],
    columns: [{ name: "x", dtype: "float64" }],
  });
  const texts = Array.from({ length: 50 }, (_, i) => colours[i % 3]);
  await writer.write({ count: 50, numbers: [Float64Array.from(texts.keys())], kept: [texts] });
  await writer.close();
  const { train } = await loadPath(path, directory, auto);
  expect(train.facts!.categories).toEqual([{ name: "colour", levels: ["blue", "green", "red"] }]);
  for (const row of tableValues(train)) {
    const { columns } = train.facts!;
    expect(row[columns.indexOf(`colour=${texts[row[columns.indexOf("x")]]}`)]).toBe(1);
  }
});

describe("units", () => {
  const categories = [{ name: "colour", levels: ["blue", "green", "red"] }];
  const columns = ["x", "colour=blue", "colour=green", "colour=red", "y"];
  const transform = {
    ...{ log1p: false, standardise: "columns" as const },
    mean: [5, 0.5, 0.25, 0.25, 0],
    std: [2, 0.8, 0.8, 0.8, 1],
  };
  const blocks = categoryBlocks(columns, categories);

  it.each(["columns", "global"] as const)(
    "with %s, a category weighs like one column",
    async (s) => {
      const text = tableText(600, (i) => colours[(i * i) % 3]);
      const [source, target] = await loadTables([text, text], auto);
      const facts = [source.train.facts!, target.train.facts!];
      const { std } = fitTransform(facts, s);
      const variances = facts[0].moments.variance.map((variance, k) =>
        std[k] > 0 ? variance / std[k] ** 2 : 0,
      );
      const places = facts[0].columns.map((name) => name.startsWith("colour"));
      const sum = (of: boolean) =>
        variances.filter((_, k) => places[k] === of).reduce((a, b) => a + b);
      expect(sum(true)).toBeCloseTo(1, 6);
      expect(sum(false)).toBeCloseTo(1, 6);
    },
  );

  it("the largest coordinate is the level of a generated row", () => {
    const units = new Units({ names: columns, named: true, transform, categories });
    const own = [
      [1, 0.4, 0.5, 0.2, 3],
      [2, 0.9, 0.3, -0.2, 4],
    ];
    const z = own.map((row) => row.map((x, k) => (x - transform.mean[k]) / transform.std[k]));
    const x = tensor(z, { dtype: "float32" });
    const [, blue, green, red, y] = units.undo(x);
    expect([...blue, ...green, ...red]).toEqual([0, 1, 1, 0, 0, 0]);
    expect(y[1]).toBeCloseTo(4, 5);
    expect(units.unclear(x)).toEqual([1]);
    x.dispose();
  });

  it("categories next to each other, at both ends and of one level keep the columns between them", () => {
    const names = ["a=u", "b=p", "b=q", "x", "y", "c=r", "c=s"];
    const several = [
      { name: "a", levels: ["u"] },
      { name: "b", levels: ["p", "q"] },
      { name: "c", levels: ["r", "s"] },
    ];
    const plain = { ...transform, mean: names.map(() => 0), std: names.map(() => 1) };
    const units = new Units({ names, named: true, transform: plain, categories: several });
    using rows = tensor([[0.4, 0.7, 0.55, 8, 9, 0.3, 0.51]], { dtype: "float32" });
    expect(units.undo(rows).map(([value]) => value)).toEqual([1, 1, 0, 8, 9, 0, 1]);
    // Levels that are less than 0.2 apart are close to each other.
    expect(units.unclear(rows)).toEqual([0, 1, 0]);
  });

  it.each([false, true])("samples as they are written have one level (log1p: %s)", (log1p) => {
    const units = new RowUnits(
      { ...transform, log1p },
      columns.map(() => 0),
      null,
      blocks,
    );
    tidy(() => {
      const z = tensor([[0.3, 0.1, 0.5, -0.2, 0.7]], { dtype: "float32" });
      const written = units.withLevels(z);
      const again = units.withLevels(written).toNumbers();
      const [x, , , , y] = written.toNumbers();
      expect([x, y]).toEqual([Math.fround(0.3), Math.fround(0.7)]);
      const [values] = [units.undo(written).toNumbers()];
      expect(values.slice(1, 4).map((value) => Math.round(1e5 * value) / 1e5)).toEqual([0, 1, 0]);
      for (const [k, value] of written.toNumbers().entries())
        expect(again[k]).toBeCloseTo(value, 5);
    });
    units.dispose();
  });
});
