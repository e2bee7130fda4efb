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
import { refusal, testFolders } from "../files.js";

const folder = testFolders();
const text = (content: string) => Buffer.from(content);
const npy = (values: number[], shape: number[], fortran = false) => {
  const bytes = Buffer.from(io.npy.encode(io.fromTyped(Float64Array.from(values), shape)));
  if (fortran) bytes.write("True ", bytes.indexOf("False"));
  return bytes;
};
const parquet = Buffer.from(
  parquetWriteBuffer({ columnData: [{ name: "a", data: [1, 2, 3], type: "DOUBLE" }] }),
);

/** Reads all columns of a file as a data set does. */
async function prepare(name: string, content: Uint8Array | null, options: ReadOptions = {}) {
  const directory = folder();
  const path = join(directory, name);
  if (content) writeFileSync(path, content);
  await prepareTable(`table:${path}`, { split: "train", directory, table: options });
  return loadTable(`table:${path}`, { split: "train", directory, table: options });
}

it.each<[string, string, Uint8Array | null, string, RegExp]>([
  [
    "an empty file",
    "t.csv",
    text(""),
    "BadTable",
    /is empty: expected a line with the columns' names/,
  ],
  ["an empty array file", "t.npy", text(""), "WrongSet", /the file is empty: expected .npy/],
  ["a header alone", "t.csv", text("a,b\n"), "BadTable", /has no rows: expected 2 or more/],
  ["one row", "t.csv", text("a,b\n1,2\n"), "BadTable", /has 1 row: expected 2 or more/],
  ["one row of an array", "t.npy", npy([1, 2], [1, 2]), "BadTable", /has 1 row: expected 2/],
  ["ragged rows", "t.csv", text("a,b\n1,2\n3\n"), "BadTable", /row 2 has 1 fields, expected 2/],
  [
    "more fields than names",
    "t.csv",
    text("a,b\n1,2,3\n"),
    "BadTable",
    /row 1 has 3 fields, expected 2/,
  ],
  [
    "a column twice",
    "t.csv",
    text("a,b,a\n1,2,3\n4,5,6\n"),
    "BadTable",
    /has the column a 2 times/,
  ],
  [
    "an open quote",
    "t.csv",
    text('a,b\n1,"2\n3,4\n'),
    "BadTable",
    /is not valid CSV .*repair the row/,
  ],
  [
    "a text far behind numbers",
    "t.csv",
    text(`a\n${"1\n".repeat(3000)}x\n`),
    "BadTable",
    /column a has "x" in row 3001: expected a number; .*data.exclude=a/,
  ],
  [
    "decimal commas",
    "t.csv",
    text("a;b\n1;2\n1,5;3\n"),
    "BadTable",
    /column a \("1,5" in row 2\) has decimal commas: write data.decimal=,/,
  ],
  [
    "UTF-16",
    "t.csv",
    Buffer.from("\ufeffa,b\n1,2\n", "utf16le"),
    "BadTable",
    /UTF-16: expected UTF-8/,
  ],
  ["bytes as text", "t.csv", Buffer.alloc(5000), "BadTable", /holds zero bytes: expected text/],
  [
    "text named .npy",
    "t.npy",
    text("a,b\n1,2\n"),
    "WrongSet",
    /first bytes are those of another format: expected .npy/,
  ],
  ["text named .npz", "t.npz", text("a,b\n1,2\n"), "WrongSet", /expected .npz/],
  ["text named .parquet", "t.parquet", text("a,b\n1,2\n"), "WrongSet", /expected .parquet/],
  ["text named .h5ad", "t.h5ad", text("a,b\n1,2\n"), "WrongSet", /expected .h5ad/],
  [
    "an array named .parquet",
    "t.parquet",
    npy([1, 2], [2, 1]),
    "WrongSet",
    /those of .npy: expected .parquet/,
  ],
  ["another ending", "t.xlsx", text("a"), "UnsupportedType", /expected a table \(.csv, .tsv/],
  [
    "half a parquet file",
    "t.parquet",
    parquet.subarray(0, 60),
    "BadTable",
    /cannot be read as parquet/,
  ],
  [
    "half an archive",
    "t.npz",
    zipSync({ "x.npy": npy([1, 2], [2, 1]) }).subarray(0, 90),
    "BadZip",
    /no directory at its end/,
  ],
  [
    "half a packed file",
    "t.csv.gz",
    gzipSync("a\n1\n2\n").subarray(0, 20),
    "BadGzip",
    /cannot be unpacked .*copy or download/,
  ],
  [
    "half an array",
    "t.npy",
    npy([1, 2, 3, 4], [2, 2]).subarray(0, 140),
    "BadTable",
    /ends early: expected 2 rows of 2/,
  ],
  [
    "half an array in Fortran order",
    "t.npy",
    npy([1, 2, 3, 4], [2, 2], true).subarray(0, 140),
    "BadTable",
    /ends early/,
  ],
  [
    "an array with more behind it",
    "t.npy",
    Buffer.concat([npy([1, 2], [2, 1]), text("x")]),
    "BadTable",
    /bytes behind its last row/,
  ],
  [
    "images",
    "t.npy",
    npy(new Array(16).fill(0), [2, 2, 2, 2]),
    "BadTable",
    /for images write array:PATH.npy/,
  ],
  ["rows without columns", "t.npy", npy([], [3, 0]), "BadTable", /without columns/],
  [
    "NaN in an array",
    "t.npy",
    npy([1, 2, Number.NaN, 4], [4, 1]),
    "BadTable",
    /column c0 has 1 missing values .*row 3.*data.missing=drop/,
  ],
  [
    "infinity in an array",
    "t.npy",
    npy([1, 2, 3, Number.NEGATIVE_INFINITY], [2, 2]),
    "BadTable",
    /column c1 has 1 infinite values .*row 2/,
  ],
  ["a missing file", "nowhere.csv", null, "MissingFiles", /nowhere.csv: no such file/],
])("%s is refused in one line", async (_, name, content, code, message) => {
  await expect(prepare(name, content)).rejects.toThrow(refusal(code, message));
});

it("an array with NaN names the file, the row and the way out", () => {
  const path = join(folder(), "x.npy");
  writeFileSync(path, npy([1, 2, Number.NaN, 4, 5, Number.POSITIVE_INFINITY], [3, 2]));
  const both = (["train", "test"] as const).map((split) => {
    try {
      loadTable(`array:${path}`, { split });
      return "";
    } catch (error) {
      return String(error);
    }
  });
  expect(both.join()).toMatch(
    /x.npy: \d rows, the first of them [23], have values that are NaN or infinite: .*table:.*data.missing=drop/,
  );
});

it("names the file that was probably meant", async () => {
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

describe("what unpacks to too much", () => {
  const limits = { bytes: 2 ** 20, times: 50 };
  const drained = async (path: string, options: ReadOptions, names: string[]) => {
    const source = await openRows(path, { limits, ...options });
    for await (const _ of source.batches({ numbers: names }));
  };

  it("is refused by its size, with a way out", async () => {
    const place = folder();
    const rows = `a\n${"0\n".repeat(2 ** 20)}`;
    writeFileSync(join(place, "t.csv.gz"), gzipSync(rows));
    await expect(drained(join(place, "t.csv.gz"), {}, ["a"])).rejects.toThrow(
      refusal("BadGzip", /bytes unpack to more than .*unpack it with gunzip/),
    );
    writeFileSync(
      join(place, "t.npz"),
      zipSync({ "x.npy": npy(new Array(2 ** 18).fill(0), [2 ** 18, 1]) }),
    );
    await expect(drained(join(place, "t.npz"), {}, ["c0"])).rejects.toThrow(
      refusal("BadZip", /unpack to more than .*give the .npy file/),
    );
    const data = new Float64Array(2 ** 18);
    parquetWriteFile({
      filename: join(place, "t.parquet"),
      columnData: [{ name: "a", data, type: "DOUBLE", encoding: "PLAIN" }],
      codec: "SNAPPY",
    });
    await expect(
      drained(join(place, "t.parquet"), { limits: { bytes: 2 ** 20, times: 9 } }, ["a"]),
    ).rejects.toThrow(
      refusal("BadTable", /unpack to more than .*smaller row groups or less compression/),
    );
    await h5wasm.ready;
    const h5 = new h5wasm.File(join(place, "t.h5ad"), "w");
    const shape = [2 ** 18, 1];
    h5.create_dataset({ name: "X", data, shape, chunks: shape, compression: 9 });
    h5.close();
    await expect(drained(join(place, "t.h5ad"), {}, ["c0"])).rejects.toThrow(
      refusal("BadTable", /unpack to more than .*without compression/),
    );
    // Tables that pack well are no bombs.
    writeFileSync(join(place, "u.csv.gz"), gzipSync(`a\n${"0\n".repeat(2 ** 18)}`));
    await drained(join(place, "u.csv.gz"), {}, ["a"]);
  });

  it("is not what a member of an archive holds where a bit of it changed", async () => {
    const place = folder();
    const whole = Buffer.from(zipSync({ "x.npy": npy([1, 2, 3, 4], [4, 1]) }, { level: 0 }));
    const at = whole.indexOf(npy([1, 2, 3, 4], [4, 1]).subarray(-8));
    for (const [name, bit] of [
      ["whole.npz", 0],
      ["flipped.npz", 1],
    ] as const) {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8((bytes[at] as number) ^ bit, at);
      writeFileSync(join(place, name), bytes);
    }
    await drained(join(place, "whole.npz"), {}, ["c0"]);
    await expect(drained(join(place, "flipped.npz"), {}, ["c0"])).rejects.toThrow(
      refusal("BadZip", /is damaged \(a member's CRC-32 is/),
    );
  });

  it("holds for a header and for lines without an end", async () => {
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

it("values of 1e30 are trained on where all are large", async () => {
  const rows = Array.from({ length: 100 }, (_, i) => `${(i - 50) * 1e28}`).join("\n");
  const { facts, x } = await prepare("t.csv", text(`a\n${rows}\n`));
  expect(facts?.moments.variance[0]).toBeGreaterThan(1e58);
  expect(x.isfinite().all().item()).toBeTruthy();
});
