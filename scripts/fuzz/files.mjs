// Damaged files: tables of every format and a TorchScript archive, with bytes changed, cut, repeated and swapped. Each is
// read, or refused by one of our errors in time; anything else is a finding. `npm run fuzz -- --files 1000 --seed 7`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { jit, setNumThreads } from "../../packages/engine/torch/dist/index.js";
import { openRows, openTableWriter } from "../../packages/library/data/dist/index.js";
import { source } from "./random.mjs";

const rows = 60;
const script = new URL("../../packages/engine/torch/test/fixtures/features.pt", import.meta.url);

/** One good file of each format, as bytes. */
async function goodFiles(folder) {
  const files = { "t.pt": readFileSync(script) };
  for (const format of [".csv", ".npy", ".npz", ".parquet", ".h5ad"]) {
    const path = join(folder, `good${format}`);
    const columns = ["a", "b", "c"].map((name) => ({ name, dtype: "float64" }));
    const writer = openTableWriter(path, { format, carried: [], columns });
    const numbers = columns.map((_, k) =>
      Float64Array.from({ length: rows }, (_v, i) => i / 7 + k),
    );
    await writer.write({ count: rows, numbers, carried: [] });
    await writer.close();
    files[`t${format}`] = readFileSync(path);
  }
  files["t.csv.gz"] = gzipSync(files["t.csv"]);
  return files;
}

function damaged(bytes, next) {
  const copy = Buffer.from(bytes);
  const at = () => Math.floor(next() * copy.length);
  for (let edits = 1 + Math.floor(4 * next()); edits > 0; edits--)
    copy[at()] = Math.floor(256 * next());
  if (next() < 0.2) return copy.subarray(0, at());
  if (next() < 0.2) copy.copy(copy, at(), at(), at());
  if (next() < 0.1) return Buffer.concat([copy, copy.subarray(at())]);
  return copy;
}

async function read(path, seconds) {
  if (path.endsWith(".pt")) return jit.load(path, { trust: true }).dispose();
  const table = await openRows(path, { seconds });
  try {
    const numbers = table.columns.filter(({ kind }) => kind === "number").map(({ name }) => name);
    for await (const _ of table.batches({ numbers }));
  } finally {
    table.close();
  }
}

/** Reads `files` damaged files from `seed`. Returns how many were read and refused, and the findings. */
export async function fuzzFiles({ files, seed, seconds = 20, log = () => {} }) {
  setNumThreads(1);
  const folder = mkdtempSync(join(tmpdir(), "dsbm-files-"));
  const total = { read: 0, refused: 0, late: 0, findings: [] };
  try {
    const good = Object.entries(await goodFiles(folder));
    for (let i = 0; i < files; i++) {
      const { next } = source(seed, i);
      const [name, bytes] = good[i % good.length];
      const path = join(folder, name);
      writeFileSync(path, damaged(bytes, next));
      const began = performance.now();
      try {
        await read(path, seconds);
        total.read++;
      } catch (error) {
        total.refused++;
        if (/was not read in/.test(error.message)) total.late++;
        if (!["DatasetError", "TorchError"].includes(error.name))
          total.findings.push(`file ${i} (${name}): ${error.stack}`);
      }
      if (performance.now() - began > 3000 * seconds)
        total.findings.push(`file ${i} (${name}) hung`);
      if (i % 500 === 499) log(`${i + 1}: ${total.read} read, ${total.refused} refused`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return total;
}
