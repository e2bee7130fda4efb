// The files of their own that the readers of the documents are supposed to have.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { picturePng } from "@dsbm/runs";
import { Generator, io, randn } from "@dsbm/torch";
import { root } from "./blocks.js";

/** Writes arrays, tables and folders of pictures under the names that the documents use. */
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
  const known = Array.from({ length: 30 }, (_, i) => `w${i + 1},s${i + 1}`);
  writeFileSync(join(folder, "known.csv"), ["winter,summer", ...known, ""].join("\n"));
  for (const name of ["cats", "day", "night"]) {
    mkdirSync(join(folder, name));
    for (let i = 0; i < 12; i++) {
      const pixels = new Uint8Array(3 * 64 * 64).fill(20 * i);
      writeFileSync(join(folder, name, `${i}.png`), await picturePng(pixels, [3, 64, 64]));
    }
  }
}
