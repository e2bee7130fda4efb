// The registry of datasets: a new dataset is a file and a line in `datasets`.
import { nearestName } from "@dsbm/files";
import type { DataSet, Preparation, SetOptions, Table, TableOptions } from "./data-set.js";
import { DatasetError, invalidOption } from "./errors.js";
import { downscaler, syntheticDownscaler } from "./fields/downscaler.js";
import { fieldsSet } from "./fields/fields-set.js";
import { fieldsPrefix } from "./fields/read/open.js";
import { arraySet } from "./files/array-set.js";
import { cifar10 } from "./images/cifar10.js";
import { emnistLetters, fashionMnist, idxSet, mnist } from "./images/idx.js";
import { syntheticSet } from "./images/synthetic.js";
import { afhq, folderSet } from "./pictures/sets.js";
import { tablePrefix, tableSet } from "./tables/table-set.js";
import { gaussianSet, syntheticVectors } from "./vectors/synthetic.js";

const letters = idxSet(emnistLetters);

/**
 * All datasets by name; a dataset with classes takes labels behind its name (`mnist_2`,
 * `emnist_1_2`). `datasets.mine = …` adds one.
 */
export const datasets: Record<string, DataSet> = {
  mnist: idxSet(mnist),
  emnist: {
    ...letters,
    about: "handwritten letters a–e, 28×28, labels 1–5 (of EMNIST's 1–26)",
    usual: [1, 2, 3, 4, 5],
  },
  emnist_letters: letters,
  fashion: idxSet(fashionMnist),
  synthetic_squares: syntheticSet("white squares on black, drawn on the spot, label 0", [0]),
  synthetic_circles: syntheticSet("white discs on black, drawn on the spot, label 1", [1]),
  synthetic_shapes: syntheticSet("squares and discs in turn, labels 0–1", [0, 1]),
  cifar10,
  afhq_cat: afhq("cat"),
  afhq_dog: afhq("dog"),
  afhq_wild: afhq("wild"),
  downscaler_high: downscaler("high"),
  downscaler_low: downscaler("low"),
  downscaler_synthetic_high: syntheticDownscaler("high"),
  downscaler_synthetic_low: syntheticDownscaler("low"),
  gaussian: gaussianSet,
  ...syntheticVectors,
};

const ownSets = [
  { prefix: "folder:", open: folderSet },
  { prefix: "array:", open: arraySet },
  { prefix: fieldsPrefix, open: fieldsSet },
  { prefix: tablePrefix, open: tableSet },
];

/**
 * Loads one split of a dataset. A name is a set with labels, or folder:PATH, fields:PATH.nc, array:PATH.npy or
 * table:PATH.
 * @example const { x, labels } = loadTable("mnist_2", { split: "train", n: 100 }); console.log(x.shape); // [100, 1,
 * 28, 28], bytes
 * @throws {DatasetError}: `UnknownSet`, `InvalidOption`, `MissingFiles` with the download, `NotPrepared`, and errors of
 * damaged files.
 */
export function loadTable(name: string, options: TableOptions): Table {
  const { set, options: setOptions } = findSet(name, options);
  return set.load(setOptions);
}

/**
 * Prepares one split of images or of a table for `loadTable` with the same options, in files that later runs reuse.
 * @throws like `loadTable`, `BadPicture`, `BadTable`, and the reason of `signal`.
 */
export async function prepareTable(
  name: string,
  { progress, signal, rows, chosen, ...options }: TableOptions & Preparation,
): Promise<void> {
  const { set, options: setOptions } = findSet(name, options);
  await set.prepare?.({ ...setOptions, progress, signal, rows, chosen });
}

function findSet(name: string, options: TableOptions): { set: DataSet; options: SetOptions } {
  const kind = ownSets.find(({ prefix }) => name.startsWith(prefix));
  const { set, classes } = kind
    ? { set: kind.open(name.slice(kind.prefix.length)), classes: undefined }
    : parseName(name);
  return { set, options: { ...options, name, classes } };
}

/** @throws {DatasetError} `UnknownSet` with the closest name, and `InvalidOption`. */
function parseName(name: string): Pick<SetOptions, "classes"> & { set: DataSet } {
  const base = name.replace(/(_\d+)+$/, "");
  const set = Object.hasOwn(datasets, base) ? datasets[base] : undefined;
  if (set === undefined) {
    const known = Object.keys(datasets);
    const near = nearestName(base, known);
    const cure =
      near === undefined
        ? `there are: ${known.join(", ")}, folder:PATH, fields:PATH.nc, array:PATH.npy and table:PATH`
        : `did you mean "${near}${name.slice(base.length)}"?`;
    throw new DatasetError("UnknownSet", `"${name.slice(0, 80)}" is no dataset; ${cure}`);
  }
  const labels = name.slice(base.length + 1);
  return { set, classes: labels === "" ? set.usual : classesOf(name, labels.split("_"), set) };
}

function classesOf(name: string, labels: readonly string[], { classes = [] }: DataSet): number[] {
  const known = classes.map(({ label }) => String(label));
  if (known.length === 0) throw invalidOption(`${name}: [${labels}] for a set without classes`);
  const wrong = labels.find((label, i) => !known.includes(label) || labels.indexOf(label) < i);
  if (wrong !== undefined)
    throw invalidOption(
      `${name}: class ${wrong}: expected labels of ${known.join(", ")}, each once, joined by "_"`,
    );
  return labels.map(Number);
}
