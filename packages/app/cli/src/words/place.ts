import { resolve } from "node:path";
import type { CompleteTrainConfig, Member, TrainConfig } from "@dsbm/config";
import { runFolder } from "@dsbm/runs";

type Named = Pick<
  TrainConfig | CompleteTrainConfig,
  "paths" | "name" | "seed" | "Dataset" | "Dataset_between" | "Dataset_transfer" | "transfer"
>;

/**
 * Returns the folder of a member. The user's files name it if neither name nor preset was typed.
 */
export function placeOfRun(
  config: Named,
  { dirname, base, overrides }: Pick<Member<unknown>, "dirname" | "base" | "overrides">,
): string {
  const { paths, name, seed } = config;
  const isNamed = ["name", "dataset"].some((key) => key in base || key in overrides);
  const fileName = isNamed ? null : nameOfFiles(config);
  return runFolder({
    experiments_dir: paths.experiments_dir_name,
    name: fileName ?? name,
    overrides: dirname,
    seed,
  });
}

/** A folder's name from a text: "day 2.npy" is day_2. */
export const plainName = (text: string) => {
  const name = text
    .replace(/(?<=[^/])\.[A-Za-z0-9]+(\.gz)?$/, "")
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_")
    .replace(/^[._]+|[._]+$/g, "");
  // A letter that is cut in two becomes U+FFFD.
  return (
    Buffer.from(name)
      .subarray(-80)
      .toString()
      .replace(/^\uFFFD+/, "") || "data"
  );
};

/** Names with as few last parts of the paths as tell them apart: data/day_2.npy is day_2. */
export function namesOf(places: readonly string[]): string[] {
  const parts = places.map((place) => resolve(place).split("/"));
  for (const most of [1, 2, 3]) {
    const names = parts.map((words) => plainName(words.slice(-most).join("/")));
    if (new Set(names).size === names.length) return names;
  }
  return places.map(plainName);
}

function nameOfFiles({ Dataset, Dataset_between, Dataset_transfer, transfer }: Named) {
  const all = [Dataset, ...(Dataset_between ?? []), (transfer && Dataset_transfer) || Dataset];
  const sets = [...new Set(all)];
  const pathOf = (set: string) => /^(?:folder|array|table):(.+)$/s.exec(set)?.[1];
  if (sets.every((set) => pathOf(set) === undefined)) return null;
  return namesOf(sets.map((set) => pathOf(set) ?? set)).join("_to_");
}
