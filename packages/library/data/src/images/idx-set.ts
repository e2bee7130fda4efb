import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { unpack } from "../files/archive.js";
import { findFiles, placesIn } from "../files/find.js";
import { parseIdx } from "../files/idx.js";
import { type ByteImages, byteTable } from "./byte-table.js";

export interface PublishedSet extends Pick<DataSet, "about" | "classes"> {
  title: string;
  home: string;
  /** Beginnings of the names of the files. */
  prefixes: Readonly<Record<SetOptions["split"], string>>;
  /** A package that installs the files: its folder, undefined if it is not installed. */
  package?: { folder: () => string | undefined; install: string };
  /** Below the data folder, the recommended folder first. */
  folders: readonly string[];
  /** Whether rows and columns are exchanged. */
  transposed?: boolean;
}

/** A dataset of IDX files. */
export function idxSet(set: PublishedSet): DataSet {
  const { about, classes, transposed } = set;
  const load = (options: SetOptions) =>
    byteTable(readImages(set, options), { classes, transposed }, options);
  return { about, classes, load };
}

/** A name with a dot, and packed files, are usual, too. */
const namesOf = (name: string): string[] =>
  [name, name.replace("-idx", ".idx")].flatMap((one) => [one, `${one}.gz`]);

function readImages(set: PublishedSet, options: SetOptions): ByteImages {
  const { title, home, prefixes, package: bundle, folders } = set;
  const { split } = options;
  const names = ["images-idx3", "labels-idx1"].map((part) => `${prefixes[split]}-${part}-ubyte`);
  const { folder, paths } = findFiles(`${title} (${split})`, names.map(namesOf), {
    places: [...placesIn(options, folders), bundle?.folder() ?? []].flat(),
    cure: `${bundle ? `${bundle.install}, or ` : ""}download ${names.join(" and ")} from ${home} and put them, unpacked or as .gz,`,
  });
  const [imagePath, labelPath] = paths;
  const images = parseIdx(unpack(imagePath), imagePath);
  const labels = parseIdx(unpack(labelPath), labelPath);
  const [n = 0, rows = 0, cols = 0] = images.shape;
  if (images.shape.length !== 3 || n * rows * cols === 0)
    throw new DatasetError(
      "SizeMismatch",
      `${imagePath}: array of [${images.shape}]: expected images, [n, rows, cols]`,
    );
  if (`${labels.shape}` !== `${n}`)
    throw new DatasetError(
      "SizeMismatch",
      `${labelPath}: labels of [${labels.shape}]: expected [${n}], one an image of ${imagePath}`,
    );
  return { images: images.data, labels: labels.data, shape: [1, rows, cols], source: folder };
}
