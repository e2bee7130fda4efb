// Tables are read back as they were written: by readers of others where there are some, by NumPy's layout where not.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { io } from "@dsbm/torch";
import fc from "fast-check";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import {
  type CarriedColumn,
  type NumberColumn,
  type OutputFormat,
  openRows,
  openTableWriter,
  outputFormat,
  outputFormats,
  type TableBatch,
} from "../../src/index.js";
import { float32Text } from "../../src/tables/write/csv.js";
import { testFolders } from "../files.js";

const folder = testFolders();

const columns: NumberColumn[] = [
  { name: "a,b", dtype: "float32" },
  { name: "c", dtype: "float64" },
];
const carried: CarriedColumn[] = [
  { name: "id", kind: "text" },
  { name: "x", kind: "integer" },
  { name: "weight", kind: "number" },
];

/** Writes a table batch by batch; the path. */
async function write(
  format: OutputFormat,
  batches: TableBatch[],
  options: { carried?: CarriedColumn[]; columns?: NumberColumn[] } = {},
): Promise<string> {
  const place = folder();
  let k = 0;
  const scratch = () => join(place, `scratch-${k++}`);
  const path = join(place, `out${format}`);
  const writer = openTableWriter(path, { format, scratch, carried, columns, ...options });
  for (const batch of batches) await writer.write(batch);
  await writer.close();
  expect(readdirSync(place)).toEqual([`out${format}`]);
  return path;
}

const two: TableBatch[] = [
  {
    count: 2,
    numbers: [Float64Array.of(Math.fround(0.1), -0), Float64Array.of(1 / 3, 1e300)],
    carried: [
      ['ä"q', null],
      [1n, 2n],
      [null, 2.5],
    ],
  },
  {
    count: 1,
    numbers: [Float64Array.of(1.5), Float64Array.of(2)],
    carried: [["00\n7😀"], [3n], [-0]],
  },
];

describe("a table as text", () => {
  const expected = `id,x,weight,"a,b",c
"ä""q",1,,0.1,0.3333333333333333
,2,2.5,-0,1e+300
"00
7😀",3,-0,1.5,2
`;

  it("has quotes where a cell needs them, and the shortest numbers", async () => {
    expect(readFileSync(await write(".csv", two), "utf8")).toBe(expected);
    expect(gunzipSync(readFileSync(await write(".csv.gz", two))).toString()).toBe(expected);
    const tsv = readFileSync(await write(".tsv", two), "utf8");
    expect(tsv.split("\n").slice(0, 2)).toEqual([
      "id\tx\tweight\ta,b\tc",
      '"ä""q"\t1\t\t0.1\t0.3333333333333333',
    ]);
  });

  it("has its header where it has no rows", async () => {
    expect(readFileSync(await write(".csv", []), "utf8")).toBe('id,x,weight,"a,b",c\n');
  });

  it("compresses large tables in several members, one file to readers", async () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => Math.sin(i));
    const only = [{ name: "v", dtype: "float64" } as const];
    const batches = Array.from({ length: 5 }, () => ({
      ...{ count: values.length, numbers: [values], carried: [] },
    }));
    const path = await write(".csv.gz", batches, { carried: [], columns: only });
    const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
    expect(lines.length).toBe(500_001);
    expect(lines.slice(400_001).map(Number)).toEqual(Array.from(values));
  });

  it("has the shortest text of a float32 that is read back as the same", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(Math.fround(Number(float32Text(value)))).toBe(value);
      }),
    );
    expect([0.1, 16777216, 3.4028235e38, 1 / 3].map((x) => float32Text(Math.fround(x)))).toEqual([
      ...["0.1", "16777216", "3.4028235e+38", "0.33333334"],
    ]);
  });
});

describe("arrays", () => {
  it("hold the numbers in the precision of the most precise column", async () => {
    const doubles = io.npy.decode(readFileSync(await write(".npy", two)));
    expect([doubles.dtype, doubles.shape]).toEqual(["float64", [3, 2]]);
    const singles = columns.map((column) => ({ ...column, dtype: "float32" as const }));
    const read = io.npy.decode(readFileSync(await write(".npy", two, { columns: singles })));
    expect([read.dtype, read.shape]).toEqual(["float32", [3, 2]]);
    expect(io.toFloat32(read)[0]).toBe(Math.fround(0.1));
  });

  it("lie in an archive beside names and carried columns", async () => {
    const members = unzipSync(readFileSync(await write(".npz", two)));
    expect(Object.keys(members)).toEqual([
      ...["x.npy", "columns.npy", "id.npy", "_x.npy", "weight.npy"],
    ]);
    const member = (name: string) => Buffer.from(members[`${name}.npy`] as Uint8Array);
    expect(io.npy.decode(member("x")).shape).toEqual([3, 2]);
    expect(Array.from(new BigInt64Array(io.npy.decode(member("_x")).data.slice().buffer))).toEqual([
      ...[1n, 2n, 3n],
    ]);
    expect(io.toFloat64(io.npy.decode(member("weight")))).toEqual(
      Float64Array.of(Number.NaN, 2.5, -0),
    );
    const ids = member("id");
    const start = 10 + ids.readUInt16LE(8);
    expect(start % 64).toBe(0);
    expect(ids.toString("latin1", 10, start)).toMatch(/'descr': '<U5'.*'shape': \(3,\)/);
    const points = new Uint32Array(Uint8Array.from(ids.subarray(start)).buffer);
    expect(String.fromCodePoint(...points.subarray(10, 15))).toBe("00\n7😀");
    expect(members["columns.npy"]?.length).toBe(128 + 4 * 6);
  });

  it("are read back from the archive with their names, unless those are not one for each column", async () => {
    const path = await write(".npz", two);
    const source = await openRows(path);
    expect([source.named, source.columns.map(({ name }) => name)]).toEqual([true, ["a,b", "c"]]);
    for await (const { numbers } of source.batches({ numbers: ["c", "a,b"] }))
      expect(numbers[1]).toEqual(Float64Array.of(Math.fround(0.1), -0, 1.5));
    source.close();
    const members = unzipSync(readFileSync(path));
    for (const [name, other] of [
      ["columns.npy", members["id.npy"]],
      ["columns.npy", members["weight.npy"]],
      ["columns.npy", members["columns.npy"]?.subarray(0, 130)],
    ] as const) {
      writeFileSync(path, zipSync({ ...members, [name]: other as Uint8Array }));
      const odd = await openRows(path);
      expect([odd.named, odd.columns.map((column) => column.name)]).toEqual([false, ["c0", "c1"]]);
      odd.close();
    }
  });

  it("refuse a missing integer, by its row", async () => {
    const missing = { ...(two[1] as TableBatch), carried: [[null]] };
    const options = { carried: [{ name: "n", kind: "integer" as const }] };
    await expect(write(".npz", [missing], options)).rejects.toThrow(/column n .* row 0,.*\.csv/);
  });
});

it("makes the same file of one batch as of several", async () => {
  const rows = 70_000;
  const wave = (f: number) => Float64Array.from({ length: rows }, (_, i) => Math.cos(f * i));
  const all = [wave(1).map(Math.fround), wave(2)];
  const ids = Array.from({ length: rows }, (_, i) => `r${i % 977}`);
  const cut = (first: number, end: number) => ({
    count: end - first,
    numbers: all.map((column) => column.subarray(first, end)),
    carried: [ids.slice(first, end)],
  });
  const cuts = [0, 1, 1, 30_011, 65_536, rows];
  const parts = cuts.slice(1).map((end, i) => cut(cuts[i] as number, end));
  const options = { carried: [{ name: "id", kind: "text" as const }] };
  for (const format of [".csv.gz", ".parquet", ".npz"] as const) {
    const [whole, several] = [
      readFileSync(await write(format, [cut(0, rows)], options)),
      readFileSync(await write(format, parts, options)),
    ];
    expect(several.equals(whole), format).toBe(true);
  }
});

it("leaves no file of its own where it is abandoned", async () => {
  for (const format of outputFormats) {
    const place = folder();
    let k = 0;
    const scratch = () => join(place, `scratch-${k++}`);
    const path = join(place, "out");
    const writer = openTableWriter(path, { format, scratch, carried, columns });
    await writer.write(two[0] as TableBatch);
    writer.abandon();
    writer.abandon();
    expect(readdirSync(place).filter((name) => name !== "out")).toEqual([]);
  }
});

it("knows formats by their names", () => {
  expect(["a.csv", "A.CSV.GZ", "b.tsv", "c.d.parquet", "e.npz", "f.npy"].map(outputFormat)).toEqual(
    [...[".csv", ".csv.gz", ".tsv", ".parquet", ".npz", ".npy"]],
  );
  for (const name of ["a.h5ad", "a.gif", "csv", "a.gz", "folder"])
    expect(outputFormat(name)).toBeUndefined();
});
