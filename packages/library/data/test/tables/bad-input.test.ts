// What users give by mistake, and what is broken: refused in one line that says what to do, in bounded memory.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadTable, openRows, prepareTable, type ReadOptions } from "@dsbm/data";
import { io } from "@dsbm/torch";
import { zipSync } from "fflate";
import h5wasm from "h5wasm/node";
import { parquetWriteBuffer, parquetWriteFile } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { fortran, refusal, testFolders } from "../files.js";

const folder = testFolders();
const text = (content: string) => Buffer.from(content);
const npy = (values: number[], shape: number[]) =>
  Buffer.from(io.npy.encode(io.fromTyped(Float64Array.from(values), shape)));
const parquet = Buffer.from(
  parquetWriteBuffer({ columnData: [{ name: "a", data: [1, 2, 3], type: "DOUBLE" }] }),
);
/** The number of columns follows the name of the schema. */
const tooMany = Buffer.from(parquet);
tooMany[parquet.indexOf("schema") + 7] = 2 * 5;

/** Reads all columns of a file as a dataset does. */
async function prepare(name: string, content: Uint8Array | null, options: ReadOptions = {}) {
  const directory = folder();
  const path = join(directory, name);
  if (content) writeFileSync(path, content);
  await prepareTable(`table:${path}`, { split: "train", directory, table: options });
  return loadTable(`table:${path}`, { split: "train", directory, table: options });
}

const twoByTwo = npy([1, 2, 3, 4], [2, 2]);
const packedArray = zipSync({ "x.npy": npy([1, 2], [2, 1]) });
const rows = text("a,b\n1,2\n");
const zeros = new Array(16).fill(0);
const names = Buffer.from(npy([0], [1, 1]).toString("latin1").replace("<f8", "<U2"), "latin1");
const storedArray = zipSync({ "x.npy": npy([1, 2], [2, 1]) }, { level: 0 });
const lastByte = Buffer.from(storedArray).indexOf(Buffer.from("PK\x01\x02")) - 1;
const flippedBit = storedArray.with(lastByte, storedArray[lastByte] ^ 1);
const halfGzip = gzipSync("a\n1\n2\n").subarray(0, 20);
/** Latin-1 behind the first part that is read. */
const accents = Buffer.concat([
  text(`a\n${"1.25\n".repeat(100_000)}`),
  Buffer.from("2 café\n3 cafè\n", "latin1"),
]);
const cutLetter = Buffer.from("a,k\n1,é").subarray(0, -1);
const zeroByte = Buffer.concat([text(`a\n${"1\n".repeat(200_000)}`), Buffer.alloc(1), text("\n")]);
/** A kilobyte that unpacks to 16 MB of commas in line 2. */
const commasInLine2 = gzipSync(`a,b\n${",".repeat(2 ** 24)}\n`);

describe("a table is refused in one line that says what is wrong with it", () => {
  const textInRow = /column a has "x" in row 3001: expected a number; .*data.exclude=a/;
  const commas =
    /column a \("1,5" in row 2\) has commas: write data.decimal=, if .* or remove them/;
  const several =
    /column a \("1.234,5" in row 1\) has points and commas: write data.decimal=, data.t/;
  const truths =
    /column a \("true" in row 1\) has true and false: write data.booleans=true .*, or data.exclude=a/;
  const nan = /column c0 has 1 missing value .*row 3.*data.missing=drop/;
  const infinite = /column c1 has 1 missing value .*infinite.*row 2/;
  it.each<[string, string, Uint8Array, RegExp]>([
    ["an empty file", "t.csv", text(""), /is empty: expected a line with the columns' names/],
    ["a header alone", "t.csv", text("a,b\n"), /has no rows: expected 2 or more/],
    ["one row", "t.csv", rows, /has 1 row: expected 2 or more/],
    ["ragged rows", "t.csv", text("a,b\n1,2\n3\n"), /row 2 has 1 fields, expected 2/],
    ["a column twice", "t.csv", text("a,b,a\n1,2,3\n4,5,6\n"), /has the column a twice/],
    ["an open quote", "t.csv", text('a,b\n1,"2\n3,4\n'), /is not valid CSV .*repair the row/],
    ["a text far behind numbers", "t.csv", text(`a\n${"1\n".repeat(3000)}x\n`), textInRow],
    ["decimal commas", "t.csv", text("a;b\n1;2\n1,5;3\n"), commas],
    ["commas and points", "t.csv", text("a;b\n1.234,5;1\n2;3\n"), several],
    ["prices", "t.csv", text("a,b\n$1.20,2\n-$3,4\n"), /column a \("\$1\.20" in row 1\) has signs/],
    ["shares", "t.csv", text('a,b\n"1,5 %",2\n3%,4\n'), /has signs of currencies or per cent: rem/],
    ["booleans", "t.csv", text("a,b\ntrue,2\nFALSE,4\n"), truths],
    ["Latin-1 far behind", "t.csv", accents, /line 100002: its text is not UTF-8/],
    ["half a letter at the end", "t.csv", cutLetter, /line 2: its text is not UTF-8/],
    ["a zero byte far behind", "t.csv", zeroByte, /holds zero bytes/],
    ["a packed line of commas", "t.csv.gz", commasInLine2, /a line of more than 8388608 bytes/],
    ["a column twice but for a blank", "t.csv", text("a,b,a \n1,2,3\n"), /has the column a twice/],
    ["Latin-1", "t.csv", Buffer.from("Größe,b\n1,2\n", "latin1"), /not UTF-8: save it as/],
    ["bytes as text", "t.csv", Buffer.alloc(5000), /holds zero bytes: expected text/],
    ["a parquet file of five columns that names one", "t.parquet", tooMany, /cannot be read as/],
    ["half an array", "t.npy", twoByTwo.subarray(0, 140), /bytes: expected/],
    ["half of one by columns", "t.npy", fortran(twoByTwo).subarray(0, 140), /bytes: expected/],
    ["more behind an array", "t.npy", Buffer.concat([twoByTwo, text("x")]), /bytes: expected/],
    ["a line of commas", "t.csv", text(",".repeat(1e5)), /has 100001 columns: expected at most/],
    ["many columns", "t.npy", npy(new Array(70_000).fill(0), [1, 70_000]), /has 70000 columns/],
    ["names", "t.npz", zipSync({ "x.npy": names }), /x.npy: element type <U2: expected one of f2/],
    ["images", "t.npy", npy(zeros, [2, 2, 2, 2]), /for images write array:PATH.npy/],
    ["rows without columns", "t.npy", npy([], [3, 0]), /an array \[3, 0\]: expected a table/],
    ["NaN in an array", "t.npy", npy([1, 2, Number.NaN, 4], [4, 1]), nan],
    ["infinity in an array", "t.npy", npy([1, 2, 3, -Infinity], [2, 2]), infinite],
  ])("%s", async (_, name, content, message) => {
    await expect(prepare(name, content)).rejects.toThrow(refusal("BadTable", message));
  });

  it.each<[string, string, Uint8Array | null, string, RegExp]>([
    [
      "an empty array file",
      "t.npy",
      text(""),
      "WrongSet",
      /belong to another format: expected .npy/,
    ],
    ["text named .npy", "t.npy", rows, "WrongSet", /belong to another format: expected .npy/],
    [
      "an array named .parquet",
      "t.parquet",
      twoByTwo,
      "WrongSet",
      /another format: expected .parquet/,
    ],
    ["another ending", "t.xlsx", text("a"), "UnsupportedType", /expected a table \(.csv, .tsv/],
    ["half an archive", "t.npz", packedArray.subarray(0, 90), "BadZip", /cannot be unpacked/],
    [
      "a flipped bit in an archive",
      "t.npz",
      flippedBit,
      "BadZip",
      /record x.npy has another checksum/,
    ],
    [
      "half a packed file",
      "t.csv.gz",
      halfGzip,
      "BadGzip",
      /cannot be unpacked .*copy or download/,
    ],
    ["a missing file", "nowhere.csv", null, "MissingFiles", /nowhere.csv: no such file/],
  ])("%s: by another code", async (_, name, content, code, message) => {
    await expect(prepare(name, content)).rejects.toThrow(refusal(code, message));
  });
});

it("a decimal point is no thousand, and is refused where numbers have decimal commas", async () => {
  const content = text("a;b\n1.234;0,93\n2.500;0,5\n");
  await expect(prepare("t.csv", content, { decimal: "," })).rejects.toThrow(
    refusal(
      "BadTable",
      /column a \("1.234" in row 1\) has points: write data.thousands=. if they separate thousands, or leave the decimal comma out/,
    ),
  );
  const { facts } = await prepare("t.csv", content, { decimal: ",", thousands: "." });
  expect(facts?.range).toEqual({ min: [1234, 0.5], max: [2500, 0.93] });
});

it.each<[string, string, Record<string, string>, string, RegExp]>([
  ["negative weights", "1,-2", { weights: "w" }, "BadTable", /weights=w has -2 in row 2: expected/],
  [
    "weights that are 0",
    "0,0",
    { weights: "w" },
    "BadTable",
    /weights=w is 0 in all rows: expected/,
  ],
  ["a missing weight", "1,", { weights: "w" }, "BadTable", /column w has 1 missing .* row 2/],
  ["texts as rates", "1,x", { birth: "w" }, "BadTable", /birth=w is a column of texts: expected/],
  ["an absent column", "1,2", { mass: "v" }, "InvalidOption", /^mass=v: .* has no column v/],
])("masses by column: %s", async (_, cells, masses, code, message) => {
  const lines = cells.split(",").map((cell, i) => `${i},${cell}`);
  const content = text(`a,w\n${lines.join("\n")}\n`);
  await expect(prepare("t.csv", content, { masses } as ReadOptions)).rejects.toThrow(
    refusal(code, message),
  );
});

it("an array with NaN names the file, the row and the way out", () => {
  const path = join(folder(), "x.npy");
  writeFileSync(path, npy([1, 2, Number.NaN, 4, 5, Number.POSITIVE_INFINITY], [3, 2]));
  const load = () =>
    (["train", "test"] as const).forEach((split) => {
      loadTable(`array:${path}`, { split });
    });
  expect(load).toThrow(
    /x.npy: \d rows, the first of them [23], have values that are NaN or infinite: .*table:.*data.missing=drop/,
  );
});

it("suggests the file of the nearest name", async () => {
  const place = folder({ "days_2.csv": text("a\n1\n2\n") });
  await expect(openRows(join(place, "day_2.csv"))).rejects.toThrow(
    refusal("MissingFiles", 'did you mean "days_2.csv"?'),
  );
  await expect(openRows(join(place, "x", "day_2.csv"))).rejects.toThrow(
    refusal("MissingFiles", "no folder"),
  );
});

it("folders and pipes are no tables", async () => {
  const place = folder();
  mkdirSync(join(place, "t.csv"));
  await expect(openRows(join(place, "t.csv"))).rejects.toThrow(
    refusal("UnsupportedType", "write folder:"),
  );
  const pipe = join(place, "pipe.csv");
  execFileSync("mkfifo", [pipe]);
  await expect(openRows(pipe)).rejects.toThrow(
    refusal("UnsupportedType", "a pipe, and tables are read more than once"),
  );
});

describe("an archive that unpacks to too much", () => {
  const limits = { bytes: 2 ** 18, times: 50 };
  const drained = async (path: string, options: ReadOptions, names: string[]) => {
    const source = await openRows(path, { limits, ...options });
    for await (const _ of source.batches({ numbers: names }));
  };

  it("is refused by its size, with a way out", async () => {
    const shape = [2 ** 16, 1];
    const data = new Float64Array(2 ** 16);
    const place = folder({
      "t.csv.gz": gzipSync(`a\n${"0\n".repeat(2 ** 18)}`),
      "t.npz": zipSync({ "x.npy": npy([...data], shape) }),
    });
    parquetWriteFile({
      filename: join(place, "t.parquet"),
      columnData: [{ name: "a", data, type: "DOUBLE", encoding: "PLAIN" }],
      codec: "SNAPPY",
    });
    await h5wasm.ready;
    const h5 = new h5wasm.File(join(place, "t.h5ad"), "w");
    h5.create_dataset({ name: "X", data, shape, chunks: shape, compression: 9 });
    h5.close();
    for (const [name, column, code, way, times] of [
      ["t.csv.gz", "a", "BadGzip", "unpack it with gunzip", 50],
      ["t.npz", "c0", "BadZip", "give the unpacked file", 50],
      ["t.parquet", "a", "BadTable", "smaller row groups or less compression", 9],
      ["t.h5ad", "c0", "BadTable", "without compression", 50],
    ] as const)
      await expect(
        drained(join(place, name), { limits: { ...limits, times } }, [column]),
        name,
      ).rejects.toThrow(refusal(code, new RegExp(`unpack to more than .*${way}`)));
    // Tables that pack well are no bombs.
    writeFileSync(join(place, "u.csv.gz"), gzipSync(`a\n${"0\n".repeat(2 ** 16)}`));
    await drained(join(place, "u.csv.gz"), {}, ["a"]);
  });

  it("is refused for endless headers and lines too", async () => {
    const place = folder();
    const member = gzipSync(Buffer.alloc(2 ** 20, 0x61));
    writeFileSync(join(place, "t.csv.gz"), Buffer.concat(new Array(16).fill(member)));
    await expect(openRows(join(place, "t.csv.gz"))).rejects.toThrow(
      refusal("BadTable", /a line of more than/),
    );
  });
});

it("a file that changes while it is read is noticed", async () => {
  const path = join(folder(), "t.csv");
  writeFileSync(path, `a\n${"1\n".repeat(200_000)}`);
  const source = await openRows(path);
  const reading = source.batches({ numbers: ["a"] });
  await reading.next();
  appendFileSync(path, "2\n");
  await expect(
    (async () => {
      for await (const _ of reading);
    })(),
  ).rejects.toThrow(refusal("ChangedFile", /changed while it was read .*start again/));
});

it("values of 1e30 are trained on if all are large", async () => {
  const rows = Array.from({ length: 100 }, (_, i) => `${(i - 50) * 1e28}`).join("\n");
  const { facts, x } = await prepare("t.csv", text(`a\n${rows}\n`));
  expect(facts?.moments.variance[0]).toBeGreaterThan(1e58);
  expect(x.isfinite().all().item()).toBeTruthy();
});
