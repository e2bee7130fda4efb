import { tensor, tidy } from "@dsbm/torch";
import { type ImageClass, newTable, rowCount, type SetOptions, type Table } from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";

/** Images [n, …shape] in C order, and a label for each. */
export interface ByteImages {
  images: Uint8Array;
  labels: Uint8Array;
  /** [C, H, W] */
  shape: readonly [number, number, number];
  source: string;
}

/**
 * The table of the first `n` images of the classes in the options.
 * @throws {DatasetError} `BadLabel` and `InvalidOption`.
 */
export function byteTable(
  { images, labels, shape, source }: ByteImages,
  facts: { classes: readonly ImageClass[]; transposed?: boolean | undefined; flip?: boolean },
  { name, split, classes, n }: SetOptions,
): Table {
  const known = facts.classes.map(({ label }) => label);
  const at = labels.findIndex((label) => !known.includes(label));
  if (at >= 0)
    throw new DatasetError(
      "BadLabel",
      `${source}: label ${labels[at]} of image ${at}: expected ${known[0]} to ${known.at(-1)}, the labels of ${name}`,
    );
  const kept = Array.from(labels.keys()).filter((i) => classes?.includes(labels[i]) ?? true);
  if (kept.length === 0) throw invalidOption(`${source}: has no image of the classes of ${name}`);
  const rows = kept.slice(0, rowCount(n, kept.length, { name, split }));
  const size = images.length / labels.length;
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
      const x = tensor(bytes, { shape: [rows.length, ...shape] });
      return {
        x: facts.transposed ? x.transpose(2, 3).contiguous() : x,
        labels: tensor(Uint8Array.from(rows, (i) => labels[i])).to("int64"),
      };
    }),
    classes: facts.classes.filter(({ label }) => present.has(label)),
    flip: facts.flip ?? false,
  });
}
