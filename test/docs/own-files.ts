// The files of their own that the readers of the documents are supposed to have.
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { Generator, io, randn } from "@dsbm/torch";
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
