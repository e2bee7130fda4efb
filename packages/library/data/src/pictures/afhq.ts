// AFHQ: faces of animals, a folder of 512×512 images for each of three kinds.
import { join } from "node:path";
import type { DataSet, SetOptions } from "../data-set.js";
import { missingFiles, placesIn } from "../files/find.js";
import { listPictures } from "./picture-files.js";
import { pictureSet, type SplitPictures } from "./picture-set.js";

const home = "https://github.com/clovaai/stargan-v2";
const kinds = ["cat", "dog", "wild"] as const;
const splits = { train: ["train"], test: ["test", "val"] } as const;
const folders = ["afhq", "afhq_v2", "afhqv2", "AFHQ"] as const;

/** Faces of one kind of animal (Choi et al. 2020): about 5,000 and 500 images. */
export function afhq(kind: (typeof kinds)[number]): DataSet {
  const label = kinds.indexOf(kind);
  const animals = kind === "wild" ? "wild animals" : `${kind}s`;
  return pictureSet({
    about: `faces of ${animals}, 512×512 in colour, label ${label}`,
    label: { label, name: kind },
    find: (options) => findPictures(kind, options),
  });
}

function findPictures(kind: string, options: SetOptions): SplitPictures {
  const { split, directory } = options;
  const places = placesIn(options, folders).flatMap((folder) =>
    splits[split].map((part) => join(folder, part, kind)),
  );
  for (const source of places) {
    const files = listPictures(source);
    if (files.length > 0) return { source, files, cache: join(directory!, "decoded") };
  }
  throw missingFiles(`AFHQ ${kind} (${split})`, {
    places,
    cure: `download afhq.zip from ${home} and unpack its ${splits[split].join(" or ")}/${kind}`,
  });
}
