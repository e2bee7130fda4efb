import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type OutputFormat,
  openRows,
  openTableWriter,
  type TableBatch,
  type TableColumns,
} from "@dsbm/data";
import { io } from "@dsbm/torch";
import fc from "fast-check";
import { zipSync } from "fflate";
import { parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { float32Text } from "../../src/tables/write/csv.js";
import { fortran, readAll, testFolders } from "../files.js";

const folder = testFolders();

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder(), name);
  writeFileSync(path, content);
  return path;
}

const columns: TableColumns = {
  kept: [
    { name: "id", kind: "text" },
    { name: "x", kind: "integer" },
    { name: "weight", kind: "text" },
  ],
  columns: [
    { name: "a,b", dtype: "float32" },
    { name: "c", dtype: "float64" },
  ],
};

async function write(
  format: OutputFormat,
  batches: readonly TableBatch[],
  options = columns,
): Promise<string> {
  const place = folder();
  const path = join(place, `out${format}`);
  const writer = openTableWriter(path, { format, ...options });
  for (const batch of batches) await writer.write(batch);
  await writer.close();
  expect(readdirSync(place)).toEqual([`out${format}`]);
  return path;
}

const batches: TableBatch[] = [
  {
    count: 2,
    numbers: [Float64Array.of(Math.fround(0.1), -0), Float64Array.of(1 / 3, 1e300)],
    kept: [
      ['ä"q', null],
      [1n, 2n],
      [null, "2.5"],
    ],
  },
  {
    count: 1,
    numbers: [Float64Array.of(1.5), Float64Array.of(2)],
    kept: [["00\n7😀"], [3n], ["-0"]],
  },
];

const csv = `id,x,weight,"a,b",c
"ä""q",1,,0.1,0.3333333333333333
,2,2.5,-0,1e+300
"00
7😀",3,-0,1.5,2
`;

describe.each<[OutputFormat, damage: RegExp]>([
  [".csv", /has 3 fields, expected 5/],
  [".tsv", /has 3 fields, expected 5/],
  [".parquet", /cannot be read as parquet/],
  [".npy", /bytes: expected/],
])("%s", (format, damage) => {
  const isArray = format === ".npy";
  const names = isArray ? ["c0", "c1"] : ["a,b", "c"];

  it("reads back the written rows", async () => {
    const path = await write(format, batches);
    const request = isArray ? { numbers: names } : { numbers: names, texts: ["id", "x", "weight"] };
    const { numbers, texts, source } = await readAll(path, request);
    expect(source.named).toBe(!isArray);
    const singles = numbers[0].map(Math.fround);
    expect(singles).toEqual([Math.fround(0.1), -0, 1.5]);
    expect(numbers[1]).toEqual([1 / 3, 1e300, 2]);
    if (isArray) return;
    expect(texts).toEqual([
      ['ä"q', "", "00\n7😀"],
      ["1", "2", "3"],
      ["", "2.5", "-0"],
    ]);
  });

  it("makes the same file of one batch as of several", async () => {
    const rows = 70_000;
    const wave = (f: number) => Float64Array.from({ length: rows }, (_, i) => Math.cos(f * i));
    const all = [wave(1).map(Math.fround), wave(2)];
    const ids = Array.from({ length: rows }, (_, i) => `r${i % 977}`);
    const part = (first: number, end: number) => ({
      count: end - first,
      numbers: all.map((column) => column.subarray(first, end)),
      kept: [ids.slice(first, end)],
    });
    const options: TableColumns = { ...columns, kept: [{ name: "id", kind: "text" }] };
    const whole = await write(format, [part(0, rows)], options);
    const several = await write(
      format,
      [part(0, 1), part(1, 1), part(1, 65_536), part(65_536, rows)],
      options,
    );
    expect(readFileSync(several).equals(readFileSync(whole))).toBe(true);
    const { numbers } = await readAll(whole, { numbers: [names[1]] });
    expect(numbers[0]).toEqual(Array.from(all[1]));
  });

  it("is refused without its end", async () => {
    const path = await write(format, batches);
    truncateSync(path, readFileSync(path).length - 8);
    await expect(readAll(path, { numbers: [names[1]] })).rejects.toThrow(damage);
  });
});

it("text has quotes if a cell needs them, the shortest numbers, and a header without rows", async () => {
  expect(readFileSync(await write(".csv", batches), "utf8")).toBe(csv);
  expect(readFileSync(await write(".csv", []), "utf8")).toBe('id,x,weight,"a,b",c\n');
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      expect(Math.fround(Number(float32Text(value)))).toBe(value);
    }),
  );
  expect([0.1, 16777216, 3.4028235e38, 1 / 3].map((x) => float32Text(Math.fround(x)))).toEqual([
    "0.1",
    "16777216",
    "3.4028235e+38",
    "0.33333334",
  ]);
});

it("arrays have the precision of the most precise column", async () => {
  const dtype = async (options: TableColumns) =>
    io.npy.decode(readFileSync(await write(".npy", batches, options))).dtype;
  expect(await dtype(columns)).toBe("float64");
  const singles = columns.columns.map(({ name }) => ({ name, dtype: "float32" as const }));
  expect(await dtype({ ...columns, columns: singles })).toBe("float32");
});

describe("arrays", () => {
  const npy = (
    values: number[],
    shape: number[],
    kind: typeof Float64Array | typeof Float32Array = Float64Array,
  ) => io.npy.encode(io.fromTyped(kind.from(values), shape));

  it("are read by rows, also in Fortran order and as texts", async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => [i, i / 2, -i]);
    const path = file("t.npy", npy(rows.flat(), [5000, 3]));
    const { numbers, texts, source } = await readAll(path, {
      numbers: ["c2", "c0"],
      texts: ["c1"],
    });
    expect(source.rows).toBe(5000);
    expect(numbers).toEqual([rows.map((row) => row[2]), rows.map((row) => row[0])]);
    expect(texts[0].slice(0, 3)).toEqual(["0", "0.5", "1"]);
    // The first index runs fastest: 1, 2 are the first column.
    const transposed = file("f.npy", fortran(npy([1, 2, 3, 4, 5, 6], [2, 3])));
    expect((await readAll(transposed, { numbers: ["c0", "c2"] })).numbers.flat()).toEqual([
      1, 2, 5, 6,
    ]);
  });

  it.each([0, 6] as const)("are found by their key in an archive of level %d", async (level) => {
    const members = {
      "x.npy": npy([1, 2, 3, 4], [2, 2]),
      "y.npy": npy([5, 6], [2, 1], Float32Array),
    };
    const path = file("t.npz", zipSync(members, { level }));
    await expect(openRows(path)).rejects.toThrow(/arrays x, y: .*data.key=x/);
    await expect(openRows(path, { key: "z" })).rejects.toThrow(/data.key=z: .* x, y/);
    expect((await readAll(path, { numbers: ["c0"] }, { key: "y" })).numbers).toEqual([[5, 6]]);
    expect((await readAll(path, { numbers: ["c1"] }, { key: "x" })).numbers).toEqual([[2, 4]]);
  });

  it("lack the numbers that mark missing values", async () => {
    const path = file("t.npy", npy([1, -999, 3, 4], [2, 2]));
    const { numbers } = await readAll(path, { numbers: ["c0", "c1"] }, { na: ["-999", "n.d."] });
    expect(numbers).toEqual([
      [1, 3],
      [Number.NaN, 4],
    ]);
  });

  it("take little more than twice their bytes of memory", async () => {
    const zeros = io.fromTyped(new Float64Array(2 ** 23), [2 ** 20, 8]);
    const path = file("t.npz", zipSync({ "x.npy": io.npy.encode(zeros) }, { level: 1 }));
    const code = `import { openRows } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
      const before = process.resourceUsage().maxRSS;
      (await openRows(process.argv[1])).close();
      console.log(process.resourceUsage().maxRSS - before);`;
    const grown = execFileSync(process.execPath, ["--input-type=module", "-e", code, path]);
    expect((1024 * Number(grown)) / 2 ** 26).toBeLessThan(2.6);
  });
});

it("parquet has several groups of rows, nulls, integers, bools and dates", async () => {
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
  const request = { numbers: ["x", "k", "on"], texts: ["id", "k", "at"] };
  const { numbers, texts, source } = await readAll(path, request);
  expect(source.columns.map(({ kind }) => kind).join()).toBe("text,number,number,number,text");
  expect(source.rows).toBe(n);
  expect(numbers[0]).toEqual(x.map((value) => value ?? Number.NaN));
  expect(numbers[1][1999]).toBe(1999);
  expect(numbers[2].slice(0, 2)).toEqual([1, 0]);
  expect(texts[0]).toEqual(ids);
  expect(texts[1][2499]).toBe("2499");
  expect(texts[2][3]).toBe("1970-01-01T00:00:00.003Z");
});
