// Where the run of some words lies, also when an earlier version began it under a longer name.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CompleteTrainConfig, Member, TrainConfig } from "@dsbm/config";
import { runFolder } from "@dsbm/runs";

type Named = Pick<TrainConfig | CompleteTrainConfig, "paths" | "name" | "seed">;

/** The folder of a member: that of its name, or of its earlier name where only that one holds a run. */
export function placeOfRun(
  { paths, name, seed }: Named,
  { dirname, earlier }: Pick<Member<unknown>, "dirname" | "earlier">,
): string {
  const at = (overrides: string) =>
    runFolder({ experiments_dir: paths.experiments_dir_name, name, overrides, seed });
  const isRun = (folder: string) => existsSync(join(folder, "run.json"));
  const now = at(dirname);
  return dirname !== earlier && !isRun(now) && isRun(at(earlier)) ? at(earlier) : now;
}
