// Tables of every format through one interface: what is read, and how it is read, is the same.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openRows, type ReadOptions, type RowRequest } from "@dsbm/data";
import { io } from "@dsbm/torch";
import { zipSync } from "fflate";
import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { testFolders } from "../files.js";

const folder = testFolders();
const text = (content: string) => Buffer.from(content, "utf8");
const npy = (values: number[][], dtype: "float64" | "float32" = "float64") =>
  io.npy.encode(
    io.fromTyped(
      dtype === "float64" ? Float64Array.from(values.flat()) : Float32Array.from(values.flat()),
      [values.length, values[0]!.length],
    ),
  );

/** A file of a table, and its path. */
function file(name: string, content: Uint8Array): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

async function read(path: string, request: RowRequest, options: ReadOptions = {}) {
  const source = await openRows(path, options);
  try {
    const numbers: number[][] = (request.numbers ?? []).map(() => []);
    const texts: string[][] = (request.texts ?? []).map(() => []);
    let first = 0;
    for await (const batch of source.batches(request)) {
      expect(batch.first).toBe(first);
      first += batch.count;
      batch.numbers.forEach((column, k) => {
        expect(column.length).toBe(batch.count);
        numbers[k]!.push(...column);
      });
      batch.texts.forEach((column, k) => {
        texts[k]!.push(...column);
      });
    }
    return { numbers, texts, rows: source.rows, columns: source.columns, notes: source.notes };
  } finally {
    source.close();
  }
}

describe("text", () => {
  const plain = 'id,x,y\n007,0.5,1\n"a,b",-2e3,NA\n"say ""hi""",3,\n';
  const expected = {
    ids: ["007", "a,b", 'say "hi"'],
    x: [0.5, -2000, 3],
    y: [1, Number.NaN, Number.NaN],
  };

  it.each([
    ["t.csv", text(plain), 0],
    ["t.csv.gz", gzipSync(plain), 0],
    ["t.csv", text(`\ufeff${plain}`), 0],
    ["t.csv", text(plain.replaceAll("\n", "\r\n")), 0],
    ["t.csv", text(plain.replace(/\n$/, "")), 0],
    ["t.csv", text(plain.replaceAll(",", ";").replace("a;b", "a,b")), 1],
    ["t.tsv", text(plain.replaceAll(",", "\t").replace("a\tb", "a,b")), 0],
    ["t.csv", text(plain.replaceAll(",", "\t").replace("a\tb", "a,b")), 1],
  ])(
    "%s reads the same whatever quotes, marks, line ends and delimiters",
    async (name, content, notes) => {
      const path = file(name, content);
      const found = await read(path, { numbers: ["y", "x"], texts: ["id"] });
      expect(found.texts).toEqual([expected.ids]);
      expect(found.numbers).toEqual([expected.y, expected.x]);
      expect(found.columns.map(({ kind }) => kind)).toEqual(["text", "number", "number"]);
      expect(found.notes).toHaveLength(notes);
      if (notes > 0) expect(found.notes[0]).toMatch(/separated by (semicolons|tabs)$/);
    },
  );

  it("takes decimal commas only where they are asked for, and says so", async () => {
    const path = file("t.csv", text('x;y\n"1,5";2\n-,25;3\n1,5e2;4\n'));
    const plainly = await openRows(path);
    expect(plainly.columns[0]).toEqual({
      name: "x",
      kind: "text",
      example: { row: 0, text: "1,5", commas: true },
      names: true,
    });
    const found = await read(path, { numbers: ["x", "y"] }, { decimal: "," });
    expect(found.numbers).toEqual([
      [1.5, -0.25, 150],
      [2, 3, 4],
    ]);
    expect(found.notes.join()).toMatch(/decimal commas/);
  });

  it("names the columns of a file without names", async () => {
    const path = file("t.csv", text("1,2\n3,4\n"));
    await expect(openRows(path)).rejects.toThrow(/first line holds numbers .*data.header=false/);
    const found = await read(path, { numbers: ["c1"] }, { header: false });
    expect(found.numbers).toEqual([[2, 4]]);
  });
});

it("reads arrays by rows, whatever their type and order", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [i, i / 2, -i]);
  const path = file("t.npy", npy(rows));
  const found = await read(path, { numbers: ["c2", "c0"], texts: ["c1"] });
  expect(found.rows).toBe(5000);
  expect(found.numbers).toEqual([rows.map((row) => row[2]), rows.map((row) => row[0])]);
  expect(found.texts[0]!.slice(0, 3)).toEqual(["0", "0.5", "1"]);

  const transposed = Buffer.from(
    npy([
      [1, 2, 3],
      [4, 5, 6],
    ]),
  );
  const at = transposed.indexOf("False");
  transposed.write("True ", at);
  const fortran = file("f.npy", transposed);
  // The first index runs fastest: 1, 2 are the first column.
  expect((await read(fortran, { numbers: ["c0", "c2"] })).numbers).toEqual([
    [1, 2],
    [5, 6],
  ]);
});

it("reads one array of a .npz file, by its key where it has several, packed or not", async () => {
  const members = {
    "x.npy": npy([
      [1, 2],
      [3, 4],
    ]),
    "y.npy": npy([[5], [6]], "float32"),
  };
  for (const level of [0, 6] as const) {
    const path = file("t.npz", zipSync(members, { level }));
    await expect(openRows(path)).rejects.toThrow(/arrays x, y: .*data.key=x/);
    await expect(openRows(path, { key: "z" })).rejects.toThrow(/data.key=z: .* x, y/);
    expect((await read(path, { numbers: ["c0"] }, { key: "y" })).numbers).toEqual([[5, 6]]);
    expect((await read(path, { numbers: ["c1"] }, { key: "x" })).numbers).toEqual([[2, 4]]);
  }
});

it("reads parquet over several groups of rows, with nulls, integers and texts", async () => {
  const path = join(folder(), "t.parquet");
  const n = 2500;
  const ids = Array.from({ length: n }, (_, i) => `r${i}`);
  const x = Array.from({ length: n }, (_, i) => (i === 7 ? null : i / 4));
  parquetWriteFile({
    filename: path,
    columnData: [
      { name: "id", data: ids, type: "STRING" },
      { name: "x", data: x, type: "DOUBLE" },
      { name: "k", data: BigInt64Array.from(ids, (_, i) => BigInt(i)), type: "INT64" },
      { name: "on", data: ids.map((_, i) => i % 2 === 0), type: "BOOLEAN" },
      { name: "at", data: ids.map((_, i) => new Date(i)), type: "TIMESTAMP" },
    ],
    rowGroupSize: 1000,
  });
  const found = await read(path, { numbers: ["x", "k", "on"], texts: ["id", "k", "at"] });
  expect(found.columns.map(({ kind }) => kind)).toEqual([
    "text",
    "number",
    "number",
    "number",
    "text",
  ]);
  expect(found.rows).toBe(n);
  expect(found.numbers[0]).toEqual(x.map((value) => value ?? Number.NaN));
  expect(found.numbers[1]![1999]).toBe(1999);
  expect(found.numbers[2]!.slice(0, 2)).toEqual([1, 0]);
  expect(found.texts[0]).toEqual(ids);
  expect(found.texts[1]![2499]).toBe("2499");
  expect(found.texts[2]![3]).toBe("1970-01-01T00:00:00.003Z");
});
