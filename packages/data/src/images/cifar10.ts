// CIFAR-10 as its authors publish it: an archive of binary batches, records of a label and its pixels, or of dictionaries
// pickled by Python, packed or unpacked. Both hold the same images, colour plane by colour plane.
import { join } from "node:path";
import { io } from "@dsbm/torch";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { readMembers } from "../files/archive.js";
import { describeFile, notIn, ownFolder, placesIn } from "../files/published.js";
import { isFile, readBytes } from "../files/read.js";
import type { Split, Table } from "../table.js";
import { type ByteImages, byteTable } from "./byte-table.js";

const home = "https://www.cs.toronto.edu/~kriz/cifar.html";

/** The published forms: archive, folder and names of the batches, and how one is read. */
const forms = [
  {
    archive: {
      name: "cifar-10-binary.tar.gz",
      size: 170_052_171,
      md5: "c32a1d4ab5d03f1284b67883e8d87530",
      sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
    folder: "cifar-10-batches-bin",
    suffix: ".bin",
    read: readRecords,
  },
  {
    archive: {
      name: "cifar-10-python.tar.gz",
      size: 170_498_071,
      md5: "c58f30108f718f92721af3b95e74349a",
      sha256: "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    },
    folder: "cifar-10-batches-py",
    suffix: "",
    read: readPickled,
  },
] as const;

const names = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

/** Small photographs (Krizhevsky 2009): 50,000 and 10,000 images of 32×32 in colour, mirrored in training. */
export const cifar10: DataSet = {
  about: "small photographs, 32×32 in colour, labels 0–9",
  classes: names.map((name, label) => ({ label, name })),
  load,
};

function load(options: SetOptions): Table {
  const { source, batches } = readSplit(options);
  const all = (key: keyof CifarBatch) =>
    new Uint8Array(Buffer.concat(batches.map((batch) => batch[key])));
  return byteTable(
    { images: all("images"), labels: all("labels"), shape: [3, side, side] },
    { classes: cifar10.classes, source, flip: options.split === "train" },
    options,
  );
}

/** The batches of a split from the first folder or archive that has them; throws `MissingFiles`. */
function readSplit({ split, directory }: SetOptions): { source: string; batches: CifarBatch[] } {
  const folders = placesIn(directory, ["cifar10"]);
  for (const form of forms) {
    const files = batchNames(split, form.suffix);
    for (const folder of folders.flatMap((own) => [join(own, form.folder), own])) {
      const lacking = files.filter((file) => !isFile(join(folder, file)));
      if (lacking.length === files.length) continue;
      if (lacking.length > 0)
        throw missing(split, `no ${lacking.join(" and ")} in ${folder}`, folder);
      const read = (file: string) => form.read(readBytes(join(folder, file)), join(folder, file));
      return { source: folder, batches: files.map(read) };
    }
    const archive = folders.map((folder) => join(folder, form.archive.name)).find(isFile);
    if (archive === undefined) continue;
    const members = readMembers(archive, files);
    const read = (file: string) => form.read(members.get(file)!, `${archive}: ${file}`);
    return { source: archive, batches: files.map(read) };
  }
  throw missing(split, notIn(folders), folders[0] ?? ownFolder);
}

function batchNames(split: Split, suffix: string): string[] {
  const train = [1, 2, 3, 4, 5].map((part) => `data_batch_${part}`);
  return (split === "train" ? train : ["test_batch"]).map((name) => `${name}${suffix}`);
}

function missing(split: Split, found: string, target: string): DatasetError {
  const archives = forms.map(({ archive }) => describeFile(archive, { unpacked: false }));
  return new DatasetError(
    "MissingFiles",
    `CIFAR-10 (${split}): ${found}; download ${archives.join(" or ")} from ${home} and put it, as it is or unpacked, into ${target}`,
  );
}

/** Height and width. */
const side = 32;
/** Bytes of an image: a red, a green and a blue plane. */
const pixels = 3 * side * side;

/** Images [n, 3, 32, 32] in C order, and a label each. */
type CifarBatch = Pick<ByteImages, "images" | "labels">;

/** Reads a binary batch; `source` names it in errors. Throws `DatasetError` `IncompleteFile`, `BadLabel`. */
function readRecords(bytes: Uint8Array, source: string): CifarBatch {
  const record = 1 + pixels;
  const n = bytes.length / record;
  if (!Number.isInteger(n) || n === 0)
    throw new DatasetError(
      "IncompleteFile",
      `${source}: ${bytes.length} bytes: expected records of ${record} bytes, a label and 32×32 pixels in three colours; download it again`,
    );
  const batch = { images: new Uint8Array(n * pixels), labels: new Uint8Array(n) };
  for (let i = 0; i < n; i++) {
    batch.labels[i] = bytes[i * record]!;
    batch.images.set(bytes.subarray(i * record + 1, (i + 1) * record), i * pixels);
  }
  return checked(batch, source);
}

/** Reads a pickled batch; `source` names it in errors. Throws `DatasetError` `BadPickle`, `BadLabel`. */
export function readPickled(bytes: Uint8Array, source: string): CifarBatch {
  const batch = unpickled(bytes, source);
  const [data, labels]: unknown[] =
    batch instanceof Map ? [batch.get("data"), batch.get("labels")] : [];
  const n = data instanceof io.ByteArray ? data.shape[0]! : 0;
  const good =
    data instanceof io.ByteArray &&
    `${data.shape}` === `${[n, pixels]}` &&
    Array.isArray(labels) &&
    labels.length === n &&
    labels.every((label) => typeof label === "number");
  if (!good || n === 0)
    throw new DatasetError(
      "BadPickle",
      `${source}: expected a dictionary with data, bytes [n, ${pixels}], and labels, n numbers; is it a batch of CIFAR-10?`,
    );
  // A number beyond a byte must not become another label.
  const small = labels.map((label) => (label >= 0 && label < 256 ? label : 255));
  return checked({ images: data.data, labels: Uint8Array.from(small) }, source);
}

function unpickled(bytes: Uint8Array, source: string): unknown {
  try {
    return io.unpickleBytes(bytes, source);
  } catch (error) {
    if (!(error instanceof io.FormatError)) throw error;
    const cure = "expected a batch of the published archive; download it again";
    throw new DatasetError("BadPickle", `${error.message}: ${cure}`);
  }
}

function checked(batch: CifarBatch, source: string): CifarBatch {
  const at = batch.labels.findIndex((label) => label > 9);
  if (at < 0) return batch;
  throw new DatasetError(
    "BadLabel",
    `${source}: label ${batch.labels[at]} of image ${at}: expected 0 to 9, the labels of CIFAR-10`,
  );
}
