// Tables of every format through one interface: what is read, and how it is read, is the same.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openRows } from "@dsbm/data";
import { io } from "@dsbm/torch";
import { zipSync } from "fflate";
import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { fortran, readAll, testFolders } from "../files.js";

const folder = testFolders();
const text = (content: string) => Buffer.from(content, "utf8");
const npyOf = (
  values: number[],
  shape: number[],
  kind: typeof Float64Array | typeof Float32Array = Float64Array,
) => io.npy.encode(io.fromTyped(kind.from(values), shape));

/** A file of a table, and its path. */
function file(name: string, content: Uint8Array): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
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
      const found = await readAll(path, { numbers: ["y", "x"], texts: ["id"] });
      expect(found.texts).toEqual([expected.ids]);
      expect(found.numbers).toEqual([expected.y, expected.x]);
      expect(found.source.columns.map(({ kind }) => kind)).toEqual(["text", "number", "number"]);
      expect(found.source.notes).toHaveLength(notes);
      if (notes > 0) expect(found.source.notes[0]).toMatch(/separated by (semicolons|tabs)$/);
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
    const found = await readAll(path, { numbers: ["x", "y"] }, { decimal: "," });
    expect(found.numbers).toEqual([
      [1.5, -0.25, 150],
      [2, 3, 4],
    ]);
    expect(found.source.notes.join()).toMatch(/decimal commas/);
  });

  it("names the columns of a file without names", async () => {
    const path = file("t.csv", text("1,2\n3,4\n"));
    await expect(openRows(path)).rejects.toThrow(/first line holds numbers .*data.header=false/);
    const found = await readAll(path, { numbers: ["c1"] }, { header: false });
    expect(found.numbers).toEqual([[2, 4]]);
  });
});

it("reads arrays by rows, whatever their type and order", async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => [i, i / 2, -i]);
  const path = file("t.npy", npyOf(rows.flat(), [5000, 3]));
  const found = await readAll(path, { numbers: ["c2", "c0"], texts: ["c1"] });
  expect(found.source.rows).toBe(5000);
  expect(found.numbers).toEqual([rows.map((row) => row[2]), rows.map((row) => row[0])]);
  expect(found.texts[0]!.slice(0, 3)).toEqual(["0", "0.5", "1"]);

  const transposed = file("f.npy", fortran(npyOf([1, 2, 3, 4, 5, 6], [2, 3])));
  // The first index runs fastest: 1, 2 are the first column.
  const { numbers } = await readAll(transposed, { numbers: ["c0", "c2"] });
  expect(numbers.flat()).toEqual([1, 2, 5, 6]);
});

it("reads one array of a .npz file, by its key where it has several, packed or not", async () => {
  const [x, y] = [npyOf([1, 2, 3, 4], [2, 2]), npyOf([5, 6], [2, 1], Float32Array)];
  const members = { "x.npy": x, "y.npy": y };
  for (const level of [0, 6] as const) {
    const path = file("t.npz", zipSync(members, { level }));
    await expect(openRows(path)).rejects.toThrow(/arrays x, y: .*data.key=x/);
    await expect(openRows(path, { key: "z" })).rejects.toThrow(/data.key=z: .* x, y/);
    expect((await readAll(path, { numbers: ["c0"] }, { key: "y" })).numbers).toEqual([[5, 6]]);
    expect((await readAll(path, { numbers: ["c1"] }, { key: "x" })).numbers).toEqual([[2, 4]]);
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
  const found = await readAll(path, { numbers: ["x", "k", "on"], texts: ["id", "k", "at"] });
  const kinds = found.source.columns.map(({ kind }) => kind);
  expect(kinds.join()).toBe("text,number,number,number,text");
  expect(found.source.rows).toBe(n);
  expect(found.numbers[0]).toEqual(x.map((value) => value ?? Number.NaN));
  expect(found.numbers[1]![1999]).toBe(1999);
  expect(found.numbers[2]!.slice(0, 2)).toEqual([1, 0]);
  expect(found.texts[0]).toEqual(ids);
  expect(found.texts[1]![2499]).toBe("2499");
  expect(found.texts[2]![3]).toBe("1970-01-01T00:00:00.003Z");
});
