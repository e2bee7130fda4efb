// Damaged files: tables of every format and a TorchScript archive, with bytes changed, cut, repeated and swapped. Each is
// read, or refused by one of our errors. One process reads many, without the threads that the product puts around .parquet
// and .h5ad; a file that ends or holds up the process is given to the product, which must refuse it in time.
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import h5wasm from "h5wasm/node";
import { jit, setNumThreads } from "../../packages/engine/torch/dist/index.js";
import { openRows, openTableWriter } from "../../packages/library/data/dist/index.js";
import { openH5ad } from "../../packages/library/data/dist/tables/read/h5ad/h5ad.js";
import { openParquet } from "../../packages/library/data/dist/tables/read/parquet.js";
import { source } from "./random.mjs";

const rows = 60;
const script = new URL("../../packages/engine/torch/test/fixtures/features.pt", import.meta.url);

/** One good file of each format, as bytes. */
async function goodFiles(folder) {
  const files = { "t.pt": readFileSync(script) };
  for (const format of [".csv", ".npy", ".parquet"]) {
    const path = join(folder, `good${format}`);
    const columns = ["a", "b", "c"].map((name) => ({ name, dtype: "float64" }));
    const writer = openTableWriter(path, { format, kept: [], columns });
    const numbers = columns.map((_, k) =>
      Float64Array.from({ length: rows }, (_v, i) => i / 7 + k),
    );
    await writer.write({ count: rows, numbers, kept: [] });
    await writer.close();
    files[`t${format}`] = readFileSync(path);
  }
  files["t.csv.gz"] = gzipSync(files["t.csv"]);
  await h5wasm.ready;
  const h5ad = new h5wasm.File(join(folder, "good.h5ad"), "w");
  const data = Float64Array.from({ length: 3 * rows }, (_, i) => i / 7);
  h5ad.create_dataset({ name: "X", data, shape: [rows, 3] });
  h5ad.close();
  files["t.h5ad"] = readFileSync(join(folder, "good.h5ad"));
  return Object.entries(files);
}

function damage(bytes, next) {
  const copy = Buffer.from(bytes);
  const at = () => Math.floor(next() * copy.length);
  for (let edits = 1 + Math.floor(4 * next()); edits > 0; edits--)
    copy[at()] = Math.floor(256 * next());
  if (next() < 0.2) return copy.subarray(0, at());
  if (next() < 0.2) copy.copy(copy, at(), at(), at());
  if (next() < 0.1) return Buffer.concat([copy, copy.subarray(at())]);
  return copy;
}

/** The readers without their threads. */
function open(path) {
  const { size } = statSync(path);
  if (path.endsWith(".h5ad")) return openH5ad(path, size, {});
  return path.endsWith(".parquet") ? openParquet(path, size, {}) : openRows(path);
}

async function read(path, openTable) {
  if (path.endsWith(".pt")) return void jit.load(path, { trust: true });
  const table = await openTable(path);
  try {
    const numbers = table.columns.filter(({ kind }) => kind === "number").map(({ name }) => name);
    for await (const _ of table.batches({ numbers }));
  } finally {
    table.close();
  }
}

/** Calls `use` with the path of damaged file `index` of `seed`. */
async function withFile(folder, good, seed, index, use) {
  const [name, bytes] = good[index % good.length];
  // HDF5 confuses a file with an earlier one of the same inode that it could not close.
  const path = join(folder, `${index}-${name}`);
  writeFileSync(path, damage(bytes, source(seed, index).next));
  await use(path);
}

async function inScratch(work) {
  setNumThreads(1);
  const folder = mkdtempSync(join(tmpdir(), "dsbm-files-"));
  try {
    return await work(folder, await goodFiles(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isForeign = (path) => /\.(parquet|h5ad)$/.test(path);

const isOurs = (error) => ["DatasetError", "TorchError"].includes(error.name);

/** True if the product reads the file or refuses it within `seconds`. The process lives on. */
export function refusedByProduct(seed, index, seconds = 20) {
  if (!Number.isInteger(index)) return false;
  return inScratch(async (folder, good) => {
    if (!isForeign(good[index % good.length][0])) return false;
    let isRefused = true;
    await withFile(folder, good, seed, index, (path) =>
      read(path, (file) => openRows(file, { seconds })).catch((error) => {
        isRefused = isOurs(error);
      }),
    );
    return isRefused;
  });
}

/** Reads a file: "values" if that works, "errors" for one of our errors, "strangers" for another one, which is printed. */
async function outcomeOf(path, index) {
  try {
    await read(path, open);
    return "values";
  } catch (error) {
    // HDF5 compiled to WebAssembly reads nothing more after it has aborted.
    if (error.name === "RuntimeError") throw error;
    // The thread makes each error of its formats one of ours.
    if (isOurs(error) || isForeign(path)) return "errors";
    console.error(`file ${index}: ${error.stack}`);
    return "strangers";
  }
}

/** Reads files `from` to `to`; each is written down first, since the process may not survive it. */
async function readAll({ seed, from, to, log }) {
  const count = { values: 0, errors: 0, strangers: 0 };
  const written = openSync(log, "w");
  await inScratch(async (folder, good) => {
    for (let index = from; index < to; index++)
      await withFile(folder, good, seed, index, async (path) => {
        writeSync(written, `${index} ${path}`.padEnd(200), 0);
        count[await outcomeOf(path, index)] += 1;
      });
  });
  closeSync(written);
  return count;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const count = await readAll(JSON.parse(process.argv[2]));
  const { rss } = process.memoryUsage();
  console.log(JSON.stringify({ ...count, rss, grown: 0 }));
}
