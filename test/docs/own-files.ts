// The files of their own that the readers of the documents are supposed to have.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { Generator, io, randn } from "@dsbm/torch";
import h5wasm from "h5wasm/node";
import { root } from "./blocks.js";

/** Writes arrays, tables and image folders under the names in the documents. */
export async function writeOwnFiles(folder: string): Promise<void> {
  const generator = Generator.create(1);
  for (const name of ["A", "B", "points"])
    writeFileSync(join(folder, `${name}.npy`), io.encodeNpy(randn([60, 2], { generator })));
  for (const [name, of] of [
    ["winter", "winter"],
    ["new", "winter"],
    ["summer", "summer"],
  ] as const)
    copyFileSync(join(root, `examples/data/${of}.csv`), join(folder, `${name}.csv`));
  cpSync(join(root, "examples/data"), join(folder, "examples/data"), { recursive: true });
  await h5wasm.ready;
  for (const day of [2, 3, 7]) {
    const file = new h5wasm.File(join(folder, `day${day}.h5ad`), "w");
    const data = Float32Array.from({ length: 240 }, (_, i) => Math.sin(7 * i + day) + day / 4);
    file.create_dataset({ name: "X", data, shape: [60, 4] });
    file.create_group("obsm").create_dataset({ name: "X_pca", data, shape: [60, 4] });
    file.close();
  }
  const cells = new h5wasm.File(join(folder, "cells.h5ad"), "w");
  const data = Float32Array.from({ length: 720 }, (_, i) => Math.sin(7 * i));
  cells.create_dataset({ name: "X", data, shape: [180, 4] });
  cells.create_group("obsm").create_dataset({ name: "X_pca", data, shape: [180, 4] });
  const days = Float64Array.from({ length: 180 }, (_, i) => [2, 3, 7][i % 3] as number);
  const obs = cells.create_group("obs");
  const attributes = { "encoding-type": "dataframe", "encoding-version": "0.2.0", _index: "name" };
  for (const [name, value] of Object.entries(attributes)) obs.create_attribute(name, value);
  obs.create_attribute("column-order", ["day", "celltype"]);
  obs.create_dataset({ name: "name", data: Array.from(days, (_, i) => `cell${i}`) });
  obs.create_dataset({ name: "day", data: days });
  obs.create_dataset({
    name: "celltype",
    data: Array.from(days, (_, i) => (i % 2 ? "HSC" : "MkP")),
  });
  cells.close();
  const known = Array.from({ length: 30 }, (_, i) => `w${i + 1},s${i + 1}`);
  writeFileSync(join(folder, "known.csv"), ["winter,summer", ...known, ""].join("\n"));
  for (const name of ["cats", "day", "night", "photos"]) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 12; i++) {
      const pixels = new Uint8Array(3 * 64 * 64).fill(20 * i);
      writeFileSync(
        join(folder, name, i === 0 ? "one.png" : `${i}.png`),
        await picturePng(pixels, [3, 64, 64]),
      );
    }
  }
}
