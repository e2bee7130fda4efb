// The files of their own that the readers of the documents are supposed to have.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { Generator, io, randn } from "@dsbm/torch";
import { root } from "./blocks.js";

/** Writes arrays, tables and image folders under the names in the documents. */
export async function writeOwnFiles(folder: string): Promise<void> {
  const generator = Generator.create(1);
  for (const name of ["A", "B", "points"])
    writeFileSync(join(folder, `${name}.npy`), io.encodeNpy(randn([60, 2], { generator })));
  cpSync(join(root, "examples/data"), join(folder, "examples/data"), { recursive: true });
  // Exact distances of all rows would take most of the time.
  for (const name of ["winter", "summer"]) {
    const rows = readFileSync(join(root, `examples/data/${name}.csv`), "utf8").split("\n");
    const few = `${rows.slice(0, 201).join("\n")}\n`;
    for (const place of ["examples/data/", ""])
      writeFileSync(join(folder, `${place}${name}.csv`), few);
    if (name === "winter") writeFileSync(join(folder, "new.csv"), few);
  }
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
