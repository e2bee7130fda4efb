// Copies of .h5ad files with additions: anndata's specification element by element, and as h5py reads them.
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { copyH5ad, openRows } from "@dsbm/data";
import h5wasm from "h5wasm/node";
import { beforeAll, describe, expect, it } from "vitest";
import { writeH5ad } from "../../../../../test/support/h5ad.js";
import { hasH5py, readAll, refusal, testFolders } from "../files.js";

const folder = testFolders();
const python = "/usr/bin/python3";

type Group = InstanceType<typeof h5wasm.Group>;
type Dataset = InstanceType<typeof h5wasm.Dataset>;

/** Each element of a file with its encoding, and the attributes of its kind. */
function elements(path: string) {
  const found: Record<string, string> = {};
  const file = new h5wasm.File(path, "r");
  const visit = (entity: Group | Dataset) => {
    const attribute = (name: string) => entity.attrs[name]?.value;
    const encoding = `${attribute("encoding-type")} ${attribute("encoding-version")}`;
    found[entity.path.replace(/^\/(?=.)/, "")] =
      entity instanceof h5wasm.Dataset
        ? `${encoding} ${entity.dtype} [${entity.shape}]`
        : [encoding, attribute("_index"), attribute("column-order"), attribute("ordered")]
            .filter((text) => text !== undefined)
            .join(" ");
    if (entity instanceof h5wasm.Group)
      for (const name of entity.keys()) visit(entity.get(name) as Group | Dataset);
  };
  visit(file);
  file.close();
  return found;
}

/** A file of anndata in little: obs with a number, texts, booleans (by `python` only) and classes; a compressed X_pca. */
const n = 50;
let source = "";
beforeAll(async () => {
  await h5wasm.ready;
  source = join(folder(), "cells.h5ad");
  const rows = Array.from({ length: n }, (_, i) => i);
  await writeH5ad(
    source,
    { Actb: rows.map((i) => i / 4), Gapdh: rows.map((i) => -i) },
    {
      barcode: rows.map((i) => `cell-${i}`),
      celltype: rows.map((i) => (i === 7 ? null : i % 3 === 0 ? "B/T é" : "HSC")),
      day: rows.map((i) => (i % 2 === 0 ? 2 : 7)),
    },
  );
});

const velocity = (scale: number) => Float32Array.from({ length: n * 2 }, (_, i) => i * scale);

/** A copy with an addition of each kind; `scale` changes numbers only. */
async function annotate(from: string, to: string, scale = 1) {
  const copy = await copyH5ad(from, to);
  const rows = Array.from({ length: n }, (_, i) => i);
  const rate = copy.obs("growth_rate");
  rate(
    Float32Array.from(rows, (i) => i * scale),
    rows,
  );
  const append = copy.obsm("velocity_pca", 2);
  append(velocity(scale).subarray(4, 60), rows.slice(2, 30));
  append(velocity(scale).subarray(60, 98), rows.slice(30, -1));
  copy.uns("dsbm", "annotate", {
    version: "1.0",
    settings: { at: 7, draws: 10, exact: false },
    metrics: { "sliced/w2": { value: 0.5, floor: 0.25 } },
    columns: ["PC1", "PC2"],
  });
  copy.close();
}

describe("a copy with additions", () => {
  let copy = "";
  beforeAll(async () => {
    copy = join(folder(), "more.h5ad");
    await annotate(source, copy);
  });

  it("has the encodings of anndata's specification, and the others of the source", () => {
    const before = elements(source);
    const after = elements(copy);
    const own = Object.fromEntries(
      Object.entries(after).filter(([path, text]) => before[path] !== text),
    );
    const uns = "uns/dsbm/annotate";
    expect(own).toEqual({
      obs: "dataframe 0.2.0 _index barcode,celltype,day,growth_rate",
      "obs/growth_rate": `array 0.2.0 <f [${n}]`,
      obsm: "dict 0.1.0",
      uns: "dict 0.1.0",
      "obsm/velocity_pca": `array 0.2.0 <f [${n},2]`,
      "uns/dsbm": "dict 0.1.0",
      [uns]: "dict 0.1.0",
      [`${uns}/version`]: "string 0.2.0 S []",
      [`${uns}/settings`]: "dict 0.1.0",
      [`${uns}/settings/at`]: "numeric-scalar 0.2.0 <d []",
      [`${uns}/settings/draws`]: "numeric-scalar 0.2.0 <d []",
      [`${uns}/settings/exact`]: "numeric-scalar 0.2.0 <b []",
      [`${uns}/metrics`]: "dict 0.1.0",
      [`${uns}/metrics/sliced_w2`]: "dict 0.1.0",
      [`${uns}/metrics/sliced_w2/value`]: "numeric-scalar 0.2.0 <d []",
      [`${uns}/metrics/sliced_w2/floor`]: "numeric-scalar 0.2.0 <d []",
      [`${uns}/columns`]: "string-array 0.2.0 S [2]",
    });
    expect(Object.keys(after)).toEqual(expect.arrayContaining(Object.keys(before)));
  });
  it("replaces numbers of the same kind in place, and lists its steps", async () => {
    const again = join(folder(), "again.h5ad");
    await annotate(copy, again, 2);
    const { numbers } = await readAll(again, { numbers: ["c1"] }, { layer: "velocity_pca" });
    expect(numbers[0].slice(0, 4)).toEqual([Number.NaN, Number.NaN, 10, 14]);
    expect(numbers[0].slice(-2)).toEqual([194, Number.NaN]);
    const paths = Object.keys(elements(again));
    expect(paths.filter((path) => /^uns\/dsbm\/[^/]+$/.test(path))).toEqual([
      "uns/dsbm/annotate",
      "uns/dsbm/annotate-2",
    ]);
    const source = await openRows(again);
    expect(source.columns.filter(({ name }) => name === "growth_rate")).toHaveLength(1);
    source.close();
  });

  it.each([
    [
      "a column of another kind",
      (path: string) => add(path, (copy) => copy.obs("day")),
      'has obs/day already, of another kind or shape: rename it, or delete it with del adata.obs["day"]',
    ],
    [
      "a matrix of another width",
      (path: string) => add(path, (copy) => copy.obsm("velocity_pca", 3)),
      "has obsm/velocity_pca already",
    ],
  ])("refuses %s", async (_, change, message) => {
    await expect(change(copy)).rejects.toThrow(refusal("BadTable", message));
  });

  describe("of a sparse layer", () => {
    const sparse = { like: "counts", genes: ["Gapdh", "Actb"] };
    let path = "";
    beforeAll(() => {
      path = join(folder(), "sparse.h5ad");
      copyFileSync(source, path);
      const file = new h5wasm.File(path, "a");
      const counts = file.create_group("layers").create_group("counts");
      counts.create_attribute("encoding-type", "csr_matrix");
      counts.create_attribute("shape", BigInt64Array.of(BigInt(n), 2n));
      counts.create_dataset({ name: "data", data: Float32Array.of(1), shape: [1] });
      counts.create_dataset({ name: "indices", data: Int32Array.of(1), shape: [1] });
      const pointers = Int32Array.from({ length: n + 1 }, (_, i) => Math.min(i, 1));
      counts.create_dataset({ name: "indptr", data: pointers, shape: [n + 1] });
      file.close();
    });

    it("has the values above 0 as entries by gene, and zeros for all others", async () => {
      const more = join(folder(), "more-sparse.h5ad");
      const written = await copyH5ad(path, more);
      const write = written.sparseLayer("counts_at_7", sparse);
      write?.(Float32Array.of(2, 1, -3, 4), [1, 3]);
      write?.(Float32Array.of(0.5, Number.NaN), [n - 1]);
      written.close();
      const names = { numbers: ["Actb", "Gapdh"] };
      const { numbers } = await readAll(more, names, { layer: "counts_at_7" });
      const at = (places: Record<number, number>) =>
        Array.from({ length: n }, (_, i) => places[i] ?? 0);
      expect(numbers).toEqual([at({ 1: 1, 3: 4 }), at({ 1: 2, [n - 1]: 0.5 })]);
      const layer = Object.entries(elements(more)).filter(([key]) => key.includes("counts_at_7"));
      expect(Object.fromEntries(layer)).toMatchObject({
        "layers/counts_at_7": "csr_matrix 0.1.0",
        "layers/counts_at_7/data": expect.stringMatching(/<f \[4\]/),
        "layers/counts_at_7/indptr": expect.stringMatching(`<i \\[${n + 1}\\]`),
      });
      await expect(add(more, (one) => one.sparseLayer("counts_at_7", sparse))).rejects.toThrow(
        refusal("BadTable", 'delete it with del adata.layers["counts_at_7"]'),
      );
    });

    it("is none for dense matrices and for columns that are no genes", async () => {
      const written = await copyH5ad(path, join(folder(), "dense.h5ad"));
      for (const other of [{ like: "X" }, { like: "unknown" }, { genes: ["PC1"] }])
        expect(written.sparseLayer("more", { ...sparse, ...other })).toBeNull();
      written.close();
    });
  });

  it("refuses files of older versions and of others in one line", async () => {
    const old = join(folder(), "old.h5ad");
    const file = new h5wasm.File(old, "w");
    file.create_dataset({
      name: "obs",
      data: new Map([["n", Float32Array.of(1)]]),
      dtype: [["n", "<f"]],
    });
    file.close();
    const text = "has no obs of anndata 0.7 or newer";
    await expect(copyH5ad(old, join(folder(), "o.h5ad"))).rejects.toThrow(
      refusal("BadTable", text),
    );
    await expect(copyH5ad(import.meta.filename, join(folder(), "o.h5ad"))).rejects.toThrow(
      refusal("BadTable", /cannot be written as \.h5ad: /),
    );
  });

  async function add(
    path: string,
    change: (copy: Awaited<ReturnType<typeof copyH5ad>>) => unknown,
  ) {
    const copy = await copyH5ad(path, join(folder(), "copy.h5ad"));
    try {
      change(copy);
    } finally {
      copy.abandon();
    }
  }
});

const makeFiles = `
import h5py, numpy as np, sys
texts = h5py.string_dtype()
def frame(f, old):
    obs = f.create_group("obs")
    obs.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0" if old else "0.2.0", "_index": "index"})
    obs["index"] = np.array(["c%d" % i for i in range(50)], dtype=texts)
    obs["flag"] = np.arange(50) % 2 == 0
    if old:
        codes = obs.create_dataset("stage", data=(np.arange(50) % 2).astype("i1"))
        names = obs.create_dataset("__categories/stage", data=np.array(["a", "b"], dtype=texts))
        names.attrs["ordered"] = False
        codes.attrs["categories"] = names.ref
    obs.attrs.create("column-order", np.array(["flag"] + (["stage"] if old else []), dtype=texts))
for name, old in (("new", False), ("old", True)):
    with h5py.File(sys.argv[1] + "/" + name + ".h5ad", "w", libver="earliest" if old else "latest") as f:
        frame(f, old)
        f.create_dataset("X", data=np.arange(100.0).reshape(50, 2), chunks=(20, 2), compression="gzip", shuffle=True)
        f.create_group("uns")
`;

const checkFiles = `
import h5py, numpy as np, sys
for name in ("new", "old"):
    with h5py.File(sys.argv[1] + "/" + name + ".h5ad") as a, h5py.File(sys.argv[1] + "/" + name + "-more.h5ad") as b:
        def same(path, x):
            if isinstance(x, h5py.Dataset):
                assert x.dtype == b[path].dtype and np.array_equal(x[()], b[path][()]), path
            assert {k: str(v) for k, v in x.attrs.items() if k not in ("column-order", "categories")} == {k: str(v) for k, v in b[path].attrs.items() if k not in ("column-order", "categories")}, path
        a.visititems(same)
        obs = b["obs"]
        assert list(obs.attrs["column-order"])[-1] == "growth_rate", list(obs.attrs["column-order"])
        assert obs["growth_rate"].dtype == np.float32 and obs["growth_rate"][3] == 3
        if name == "old":
            assert list(b[obs["stage"].attrs["categories"]].asstr()[()]) == ["a", "b"]
        velocity = b["obsm/velocity_pca"]
        assert velocity.shape == (50, 2) and np.isnan(velocity[[0, 1, 49]]).all() and velocity[48, 1] == 97
        step = b["uns/dsbm/annotate"]
        assert step["version"].asstr()[()] == "1.0" and step["settings/at"][()] == 7
        assert not step["settings/exact"][()] and h5py.check_string_dtype(step["version"].dtype).encoding == "utf-8"
        assert b["obsm"].attrs["encoding-type"] == "dict"
`;

describe.skipIf(!hasH5py)("files of h5py", () => {
  it("of new and of old anndata are extended as h5py reads them", async () => {
    const place = folder();
    const run = (script: string) => execFileSync(python, ["-c", script, place], { stdio: "pipe" });
    run(makeFiles);
    for (const name of ["new", "old"]) {
      await annotate(join(place, `${name}.h5ad`), join(place, `${name}-more.h5ad`));
    }
    run(checkFiles);
  });
});
