// CIFAR-10 as PyTorch uses it: an archive of batches, pickled by Python, packed or unpacked.
import { join } from "node:path";
import { io } from "@dsbm/torch";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { findFiles, placesIn } from "../files/find.js";
import { readBytes } from "../files/read.js";
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
  const { split } = options;
  const places = placesIn(options, ["cifar10"]).flatMap((place) => [
    join(place, folderName),
    place,
  ]);
  const names = batchNames[split].map((name) => [name]);
  const cure = `download ${archiveName} from ${home} and unpack it`;
  const { folder, paths } = findFiles(`CIFAR-10 (${split})`, names, { places, cure });
  const batches = paths.map((path) => readBatch(readBytes(path), path));
  const joined = (key: keyof CifarBatch) =>
    new Uint8Array(Buffer.concat(batches.map((batch) => batch[key])));
  return byteTable(
    { images: joined("images"), labels: joined("labels"), shape: [3, side, side], source: folder },
    { classes: cifar10.classes, flip: split === "train" },
    options,
  );
}

/** `source` names the batch in errors. Throws `BadPickle`. */
function readBatch(bytes: Uint8Array, source: string): CifarBatch {
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
