// CIFAR-10 in its binary form: files of records, a label and an image each.
import { join } from "node:path";
import type { DataSet, SetOptions, Table } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { findFiles, placesIn, readBytes } from "../files/read.js";
import { byteTable } from "./byte-table.js";

const home = "https://www.cs.toronto.edu/~kriz/cifar.html";
const archiveName = "cifar-10-binary.tar.gz";
const folderName = "cifar-10-batches-bin";
const batchNames = {
  train: [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`),
  test: ["test_batch.bin"],
};
const classes = "airplane automobile bird cat deer dog frog horse ship truck"
  .split(" ")
  .map((name, label) => ({ label, name }));

const side = 32;
const pixels = 3 * side * side;
const record = 1 + pixels;

/** Small photographs (Krizhevsky 2009): 50,000 and 10,000 images of 32×32 in colour, mirrored in training. */
export const cifar10: DataSet = {
  about: "small photographs, 32×32 in colour, labels 0–9",
  classes,
  load,
};

function load(options: SetOptions): Table {
  const { split } = options;
  const places = placesIn(options, ["cifar10"]).flatMap((place) => [
    join(place, folderName),
    place,
  ]);
  const names = batchNames[split].map((name) => [name]);
  const cure = `download ${archiveName} from ${home} and unpack it`;
  const { folder, paths } = findFiles(`CIFAR-10 (${split})`, names, { places, cure });
  const bytes = Buffer.concat(paths.map(readRecords));
  const labels = new Uint8Array(bytes.length / record);
  const images = new Uint8Array(labels.length * pixels);
  for (let i = 0; i < labels.length; i++) {
    labels[i] = bytes[i * record];
    images.set(bytes.subarray(i * record + 1, (i + 1) * record), i * pixels);
  }
  return byteTable(
    { images, labels, shape: [3, side, side], source: folder },
    { classes, flip: split === "train" },
    options,
  );
}

/** @throws {DatasetError} `SizeMismatch` unless the file has whole records. */
function readRecords(path: string): Buffer {
  const bytes = readBytes(path);
  if (bytes.length > 0 && bytes.length % record === 0) return bytes;
  throw new DatasetError(
    "SizeMismatch",
    `${path}: ${bytes.length} bytes: expected records of ${record}, a label and an image; download it again`,
  );
}
