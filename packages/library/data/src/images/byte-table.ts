import { tensor, tidy } from "@dsbm/torch";
import { rowCount } from "../counts.js";
import type { SetOptions } from "../data-set.js";
import { checkImageSize, invalidOption } from "../errors.js";
import { type ImageClass, newTable, type Table } from "../table.js";

/** Images [n, …shape] in C order, and a label for each. */
export interface ByteImages {
  images: Uint8Array;
  labels: Uint8Array;
  /** [C, H, W] */
  shape: readonly [number, number, number];
}

/** The table of the first `n` images of the classes in the options. Throws `InvalidOption`. */
export function byteTable(
  { images, labels, shape }: ByteImages,
  facts: { classes: readonly ImageClass[]; source: string; transposed?: boolean; flip?: boolean },
  { name, split, classes, image_size, n }: SetOptions,
): Table {
  const { source, transposed = false, flip = false } = facts;
  checkImageSize(image_size, { height: shape[1], width: shape[2], source });
  const found = new Set(labels);
  if (classes?.some((label) => !found.has(label)))
    throw invalidOption(
      `${source}: classes [${classes}]: expected some of ${[...found].sort((p, q) => p - q).join(", ")}`,
    );
  const kept = Array.from(labels.keys()).filter((i) => classes?.includes(labels[i]!) ?? true);
  const rows = kept.slice(0, rowCount(n, kept.length, { name, split }));
  const size = shape[0] * shape[1] * shape[2];
  const bytes = new Uint8Array(rows.length * size);
  rows.forEach((i, k) => {
    bytes.set(images.subarray(i * size, (i + 1) * size), k * size);
  });
  const present = new Set(rows.map((i) => labels[i]));
  return newTable({
    name,
    split,
    source,
    ...tidy(() => {
      const stored = tensor(bytes, { shape: [rows.length, ...shape] });
      return {
        x: transposed ? stored.transpose(2, 3).contiguous() : stored,
        labels: tensor(Uint8Array.from(rows, (i) => labels[i]!)).to("int64"),
      };
    }),
    classes: facts.classes.filter(({ label }) => present.has(label)),
    flip,
  });
}
