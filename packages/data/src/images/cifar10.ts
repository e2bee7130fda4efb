// CIFAR-10 as its authors publish it: an archive of binary batches or of Python's pickles, packed or unpacked.
import { join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { notIn, ownFolder, placesIn } from "../files/locate.js";
import { describeFile } from "../files/published.js";
import { isFile, readBytes, readMembers } from "../files/read.js";
import type { Split, Table } from "../table.js";
import { byteTable } from "./byte-table.js";
import { type CifarBatch, readPickled, readRecords, side } from "./cifar-batches.js";

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
