// CIFAR-10 as PyTorch uses it: an archive of batches, pickled by Python, packed or unpacked.
import { join } from "node:path";
import { io } from "@dsbm/torch";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { anyFolder, notIn, placesIn } from "../files/places.js";
import { isFile, readBytes } from "../files/read.js";
import type { Table } from "../table.js";
import { type ByteImages, byteTable } from "./byte-table.js";

const home = "https://www.cs.toronto.edu/~kriz/cifar.html";
const archiveName = "cifar-10-python.tar.gz";
const folderName = "cifar-10-batches-py";
const batchNames = {
  train: [1, 2, 3, 4, 5].map((part) => `data_batch_${part}`),
  test: ["test_batch"],
};
const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

const side = 32;
const pixels = 3 * side * side;

/** Small photographs (Krizhevsky 2009): 50,000 and 10,000 images of 32×32 in colour, mirrored in training. */
export const cifar10: DataSet = {
  about: "small photographs, 32×32 in colour, labels 0–9",
  classes: names.map((name, label) => ({ label, name })),
  load,
};

type CifarBatch = Pick<ByteImages, "images" | "labels">;

function load(options: SetOptions): Table {
  const { source, batches } = readSplit(options);
  const join = (key: keyof CifarBatch) =>
    new Uint8Array(Buffer.concat(batches.map((batch) => batch[key])));
  return byteTable(
    { images: join("images"), labels: join("labels"), shape: [3, side, side] },
    { classes: cifar10.classes, source, flip: options.split === "train" },
    options,
  );
}

function readSplit({ split, directory }: SetOptions): { source: string; batches: CifarBatch[] } {
  const files = batchNames[split];
  const places = placesIn(directory, ["cifar10"]);
  const missing = (where: string, target: string) =>
    new DatasetError(
      "MissingFiles",
      `CIFAR-10 (${split}): ${where}; download ${archiveName} from ${home} and unpack it into ${target}`,
    );
  for (const folder of places.flatMap((place) => [join(place, folderName), place])) {
    const absent = files.filter((file) => !isFile(join(folder, file)));
    if (absent.length === files.length) continue;
    if (absent.length > 0) throw missing(`no ${absent.join(" and ")} in ${folder}`, folder);
    const paths = files.map((file) => join(folder, file));
    return { source: folder, batches: paths.map((path) => readBatch(readBytes(path), path)) };
  }
  throw missing(notIn(places), places[0] ?? anyFolder);
}

/** `source` names the batch in errors. Throws `BadPickle` and `BadLabel`. */
export function readBatch(bytes: Uint8Array, source: string): CifarBatch {
  const batch = unpickle(bytes, source);
  const data = batch instanceof Map ? batch.get("data") : undefined;
  const labels = batch instanceof Map ? batch.get("labels") : undefined;
  const n = data instanceof io.ByteArray ? data.shape[0] : 0;
  if (
    !(data instanceof io.ByteArray) ||
    n === 0 ||
    `${data.shape}` !== `${n},${pixels}` ||
    !Array.isArray(labels) ||
    labels.length !== n
  )
    throw new DatasetError(
      "BadPickle",
      `${source}: expected a dictionary with data, bytes [n, ${pixels}], and labels, n numbers; is it a batch of CIFAR-10?`,
    );
  const at = labels.findIndex((label) => !names[label as number]);
  if (at >= 0)
    throw new DatasetError(
      "BadLabel",
      `${source}: label ${labels[at]} of image ${at}: expected 0 to 9, the labels of CIFAR-10`,
    );
  return { images: data.data, labels: Uint8Array.from(labels as number[]) };
}

function unpickle(bytes: Uint8Array, source: string): unknown {
  try {
    return io.unpickleBytes(bytes, source);
  } catch (error) {
    if (!io.isFormatError(error)) throw error;
    throw new DatasetError(
      "BadPickle",
      `${error.message}: expected a batch of the published archive; download it again`,
    );
  }
}
