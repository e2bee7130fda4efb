// AFHQ: faces of animals, a folder of 512×512 pictures for each of three kinds.
import { join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { notIn, placesIn } from "../files/places.js";
import { listPictures } from "./picture-files.js";
import { pictureSet, type SplitPictures } from "./picture-set.js";

const home = "https://github.com/clovaai/stargan-v2";
const kinds = ["cat", "dog", "wild"] as const;
/** The folder of test pictures is val in the first version, test in the second. */
const splits = { train: ["train"], test: ["test", "val"] } as const;
/** Below the data folder, the recommended one first. */
const folders = ["afhq", "afhq_v2", "afhqv2", "AFHQ"] as const;

/** Faces of one kind of animal (Choi et al. 2020): about 5,000 pictures for training and 500 for testing. */
export function afhq(kind: (typeof kinds)[number]): DataSet {
  return pictureSet({
    about: `faces of ${kind === "wild" ? "wild animals" : `${kind}s`}, 512×512 in colour, label ${kinds.indexOf(kind)}`,
    label: { label: kinds.indexOf(kind), name: kind },
    published: 512,
    find: (options) => find(kind, options),
  });
}

function find(kind: string, { split, directory }: SetOptions): SplitPictures {
  const tried = placesIn(directory, folders).flatMap((folder) =>
    splits[split].map((part) => join(folder, part, kind)),
  );
  for (const source of tried) {
    const files = listPictures(source);
    if (files.length > 0) return { source, files, cache: join(directory!, "decoded") };
  }
  const where = tried.length === 0 ? "not there" : notIn(tried, "no pictures");
  const into = tried[0] ?? `a folder of your own, as train/${kind}, and name it as directory`;
  throw new DatasetError(
    "MissingFiles",
    `AFHQ ${kind} (${split}): ${where}; download afhq.zip from ${home} and unpack its ${splits[split].join(" or ")}/${kind} into ${into}`,
  );
}
