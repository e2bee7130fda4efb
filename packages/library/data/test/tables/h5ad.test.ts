// Matrices of single cells as anndata writes them: dense, sparse by rows, layers, embeddings, and
// columns of obs.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRows } from "@dsbm/data";
import h5wasm from "h5wasm/node";
import { beforeAll, describe, expect, it } from "vitest";
import { hasH5py, readAll, refusal, testFolders } from "../files.js";
import { loadPath } from "./tables.js";

const folder = testFolders();
const n = 300;
const d = 3;
/** Mostly zeros. */
const cell = (i: number, k: number) => ((i + k) % 4 === 0 ? i + k / 10 : 0);
const allRows = Array.from({ length: n }, (_, i) =>
  Array.from({ length: d }, (_, k) => cell(i, k)),
);

const columnNumbers = Array.from({ length: d }, (_, k) => k);

type Group = InstanceType<typeof h5wasm.Group>;

/** Writes a sparse matrix by rows (csr) or by columns (csc). */
function writeSparse(parent: Group, name: string, kind = "csr", shape = [n, d]) {
  const group = parent.create_group(name);
  const [data, indices, indptr]: [number[], number[], number[]] = [[], [], [0]];
  const lines = kind === "csc" ? columnNumbers.map((k) => allRows.map((row) => row[k])) : allRows;
  for (const line of lines) {
    for (const [k, value] of line.entries()) {
      if (value === 0) continue;
      data.push(value);
      indices.push(k);
    }
    indptr.push(data.length);
  }
  group.create_attribute("encoding-type", `${kind}_matrix`);
  group.create_attribute("shape", BigInt64Array.from(shape, BigInt));
  group.create_dataset({ name: "data", data: Float32Array.from(data) });
  group.create_dataset({ name: "indices", data: Int32Array.from(indices) });
  group.create_dataset({ name: "indptr", data: BigInt64Array.from(indptr, BigInt) });
}

let path = "";
beforeAll(async () => {
  await h5wasm.ready;
  path = join(folder(), "cells.h5ad");
  const file = new h5wasm.File(path, "w");
  writeSparse(file, "X");
  const layers = file.create_group("layers");
  writeSparse(layers, "counts");
  writeSparse(layers, "by_genes", "csc");
  writeSparse(layers, "by_entries", "coo");
  writeSparse(layers, "damaged", "csr", [n, 2]);
  layers.create_group("frame").create_attribute("encoding-type", "dataframe");
  layers.create_soft_link("/obsm/X_pca", "soft");
  layers.create_external_link("/etc/passwd", "X", "external");
  layers.create_dataset({ name: "texts", data: ["a", "b"], shape: [2, 1] });
  const obsm = file.create_group("obsm");
  obsm.create_dataset({
    name: "X_pca",
    data: Float32Array.from(allRows.flat()),
    shape: [n, d],
    chunks: [50, d],
    compression: "gzip",
  });
  obsm.create_dataset({
    name: "X_even",
    data: Float32Array.from({ length: 4 * n }, (_, i) => (i < 2 * n ? 1 : -1) * (1 + (i % 4))),
    shape: [n, 4],
  });
  const loadings = Float32Array.of(1, 0.5, 0, 0, 0.25, 2);
  file.create_group("varm").create_dataset({ name: "PCs", data: loadings, shape: [3, 2] });
  const pca = file.create_group("uns").create_group("pca");
  pca.create_dataset({ name: "variance", data: Float64Array.of(4, 2) });
  const vars = file.create_group("var");
  vars.create_attribute("_index", "gene");
  vars.create_dataset({ name: "gene", data: ["Actb", "Gapdh", "day"] });
  const raw = file.create_group("raw");
  writeSparse(raw, "X");
  const rawVars = raw.create_group("var");
  rawVars.create_dataset({ name: "_index", data: ["Actb", "Malat1", "Xist"] });
  const obs = file.create_group("obs");
  obs.create_attribute("_index", "barcode");
  obs.create_dataset({ name: "barcode", data: allRows.map((_, i) => `AC-${i}`) });
  obs.create_dataset({ name: "n_counts", data: Float64Array.from(allRows, (_, i) => i * 2) });
  const day = obs.create_group("day");
  day.create_dataset({ name: "categories", data: ["two", "four"] });
  day.create_dataset({
    name: "codes",
    data: Int8Array.from(allRows, (_, i) => (i === 5 ? -1 : i % 2)),
  });
  // anndata 0.7 has the codes in obs and the categories in a group of their own.
  obs.create_dataset({ name: "stage", data: Int8Array.from(allRows, (_, i) => i % 2) });
  obs.create_group("__categories").create_dataset({ name: "stage", data: ["late", "early"] });
  file.close();
});

const columns = (layer: string | undefined, numbers: string[], texts: string[] = []) =>
  readAll(path, { numbers, texts }, { layer });

describe("a matrix", () => {
  it.each([
    [undefined, ["Actb", "Gapdh", "day"]],
    ["counts", ["Actb", "Gapdh", "day"]],
    ["by_genes", ["Actb", "Gapdh", "day"]],
    ["X_pca", ["c0", "c1", "c2"]],
    ["obsm/X_pca", ["c0", "c1", "c2"]],
    ["raw", ["Actb", "Malat1", "Xist"]],
  ])("%s is read by rows, in its columns' names", async (layer, names) => {
    const { source, numbers } = await columns(layer, names);
    expect(source.rows).toBe(n);
    expect(source.columns.filter(({ beside }) => !beside).map(({ name }) => name)).toEqual(names);
    names.forEach((_, k) => {
      expect(numbers[k]).toEqual(allRows.map((row) => Math.fround(row[k])));
    });
  });

  it.each<[string, object | undefined]>([
    ["X", undefined],
    [
      "X_pca",
      // Columns that the model did not use have no loadings.
      { loadings: { Actb: [1, 0.5], day: [0.25, 2] }, variances: [4, 2], isCentred: false },
    ],
    ["X_even", { loadings: null, variances: null, isCentred: true }],
  ])("%s says which model made it", async (layer, facts) => {
    const source = await openRows(path, { layer });
    const { embedding, isCentred } = source;
    expect(embedding && { ...embedding, isCentred: await isCentred?.() }).toEqual(
      facts && { name: layer, ...facts },
    );
    source.close();
  });

  it("trains on a categorical of obs by name, and on none otherwise", async () => {
    const named = await loadPath(path, folder(), { columns: ["Actb"], categories: ["stage"] });
    expect(named.train.facts?.columns).toEqual(["Actb", "stage=early", "stage=late"]);
    const auto = await loadPath(path, folder(), { categories: ["auto"] });
    expect(auto.train.facts?.categories).toEqual([]);
  });

  it("has the columns of obs, with names that differ from genes", async () => {
    const { source, numbers, texts } = await columns(
      undefined,
      ["n_counts"],
      ["obs.day", "barcode", "Actb", "stage"],
    );
    expect(source.columns.filter(({ beside }) => beside)).toEqual(
      expect.arrayContaining([
        { name: "barcode", kind: "text", beside: true },
        { name: "n_counts", kind: "number", beside: true },
        { name: "obs.day", kind: "text", beside: true },
      ]),
    );
    expect(numbers[0].slice(0, 3)).toEqual([0, 2, 4]);
    expect(texts[0].slice(3, 7)).toEqual(["four", "two", "", "two"]);
    expect(texts[1][7]).toBe("AC-7");
    expect(texts[2][4]).toBe("4");
    expect(texts[3].slice(0, 3)).toEqual(["late", "early", "late"]);
  });

  it("gives readings at once their own columns, and none after it is closed", async () => {
    const source = await openRows(path);
    const read = async (name: string) => {
      const rows: number[] = [];
      for await (const { numbers } of source.batches({ numbers: [name] })) rows.push(...numbers[0]);
      return rows;
    };
    const both = await Promise.all(["Actb", "Gapdh"].map(read));
    expect(both).toEqual([0, 1].map((k) => allRows.map((row) => Math.fround(row[k]))));
    const last = read("Actb");
    source.close();
    await expect(last).rejects.toThrow(refusal("BadTable", "its reader ended"));
    await expect(read("Actb")).rejects.toThrow(refusal("BadTable", "its reader ended"));
  });

  it("that is missing or damaged is refused", async () => {
    await expect(openRows(path, { layer: "X_pcs" })).rejects.toThrow(
      refusal("InvalidOption", /data.layer=X_pcs: .* X, .*X_pca, raw; did you mean "X_pca"\?/),
    );
    await expect(columns("damaged", ["c0"])).rejects.toThrow(/damaged/);
    await expect(columns("by_entries", [])).rejects.toThrow(
      refusal("BadTable", "is coo_matrix: expected a dense matrix, csr_matrix or csc_matrix"),
    );
    await expect(columns("frame", [])).rejects.toThrow(
      refusal("BadTable", "is a table (DataFrame): expected a matrix"),
    );
    for (const layer of ["soft", "external"])
      await expect(columns(layer, [])).rejects.toThrow(refusal("BadTable", "is a link, maybe to"));
    await expect(columns("texts", [])).rejects.toThrow(refusal("BadTable", "holds no numbers"));
    const text = join(folder(), "t.h5ad");
    writeFileSync(text, "\x89HDF\r\n\x1a\n and then text", "latin1");
    await expect(openRows(text)).rejects.toThrow(refusal("BadTable", "cannot be read as h5ad"));
  });
});

type SmallFile = InstanceType<typeof h5wasm.File>;

/** A file of two cells and two genes, with a third entry of X that is a part of its second one. */
async function smallFile(name: string, change: (file: SmallFile, obs: Group) => void) {
  const place = join(folder(), name);
  const file = new h5wasm.File(place, "w");
  const x = file.create_group("X");
  x.create_attribute("encoding-type", "csr_matrix");
  if (name !== "shape.h5ad") x.create_attribute("shape", BigInt64Array.of(2n, 2n));
  x.create_dataset({ name: "data", data: Float32Array.of(1, 2, 3) });
  x.create_dataset({ name: "indices", data: Int32Array.of(0, 1, 1) });
  x.create_dataset({ name: "indptr", data: Int32Array.of(0, 1, 3) });
  change(file, file.create_group("obs"));
  file.close();
  return place;
}

it("adds entries of a sparse matrix that are parts of one value", async () => {
  const place = await smallFile("parts.h5ad", () => {});
  expect((await readAll(place, { numbers: ["c0", "c1"] })).numbers).toEqual([
    [1, 0],
    [0, 5],
  ]);
});

it.each<[string, (file: SmallFile, obs: Group) => void, RegExp]>([
  ["shape", () => {}, /X is damaged: it has no shape/],
  [
    "names of genes",
    (file) => file.create_group("var").create_dataset({ name: "_index", data: ["a"] }),
    /var has 1 names for 2 columns/,
  ],
  [
    "second name of genes",
    (file) => file.create_group("var").create_dataset({ name: "_index", data: ["a", "a"] }),
    /has the column a twice: .*adata.var_names_make_unique/,
  ],
  [
    "column of obs",
    (_, obs) => obs.create_dataset({ name: "day", data: Float32Array.of(1, 2, 3) }),
    /obs\/day has 3 entries for 2 rows/,
  ],
  [
    "category",
    (_, obs) => {
      const type = obs.create_group("type");
      type.create_dataset({ name: "categories", data: ["T"] });
      type.create_dataset({ name: "codes", data: Int8Array.of(0, 1) });
    },
    /has the code 1 of 1 categories/,
  ],
])("a file that lacks a %s is refused", async (name, change, text) => {
  const place = await smallFile(`${name}.h5ad`, change);
  await expect(readAll(place, { texts: ["type"] })).rejects.toThrow(refusal("BadTable", text));
});

it.skipIf(!hasH5py)("compressed by lzf, and tables of anndata 0.6, are refused", async () => {
  const [lzf, old] = [join(folder(), "lzf.h5ad"), join(folder(), "old.h5ad")];
  execFileSync("/usr/bin/python3", [
    "-c",
    `import h5py, numpy, sys
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("X", data=numpy.zeros((8, 4)), compression="lzf")
with h5py.File(sys.argv[2], "w") as f:
    f["X"] = numpy.zeros((2, 4))
    f["obs"] = numpy.array([(b"a", 1), (b"b", 2)], dtype=[("index", "S1"), ("day", "i8")])`,
    ...[lzf, old],
  ]);
  await expect(readAll(lzf, { numbers: ["c0"] })).rejects.toThrow(
    refusal("BadTable", "by a filter that dsbm lacks: expected gzip or none"),
  );
  await expect(openRows(old)).rejects.toThrow(refusal("BadTable", "has an obs of anndata 0.6"));
});

it.skipIf(!hasH5py)("whose numbers lie in another file are refused", async () => {
  const [outside, virtual] = [join(folder(), "outside.h5ad"), join(folder(), "virtual.h5ad")];
  execFileSync("/usr/bin/python3", [
    "-c",
    `import h5py, sys
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("X", shape=(8, 4), dtype="u1", external=[("/etc/passwd", 0, 32)])
layout = h5py.VirtualLayout(shape=(300, 3), dtype="f4")
layout[:] = h5py.VirtualSource(sys.argv[3], "obsm/X_pca", shape=(300, 3))
with h5py.File(sys.argv[2], "w") as f:
    f.create_virtual_dataset("X", layout)`,
    ...[outside, virtual, path],
  ]);
  await expect(readAll(outside, { numbers: ["c0"] })).rejects.toThrow(refusal("BadTable"));
  await expect(openRows(virtual)).rejects.toThrow(refusal("BadTable", "is a view of other data"));
});

it("that takes its reader too long is refused", async () => {
  await expect(openRows(path, { seconds: 0 })).rejects.toThrow(
    refusal("BadTable", "was not read in 0 s, so it seems damaged"),
  );
});
