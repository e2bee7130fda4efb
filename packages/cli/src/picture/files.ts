// The pictures that an evaluation left in a run folder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Direction } from "@dsbm/bridge";

/** The pictures of an evaluation for a page, as far as they were drawn. */
export function evaluationPictures(
  folder: string,
  { id, direction }: { id: string; direction: Direction },
): { path: string; caption: string }[] {
  const [start, end] = direction === "f" ? ["x0", "x1"] : ["x1", "x0"];
  const names: [string, string][] = [
    ["scatter.svg", `Samples from ${start} to ${end}`],
    ["start.png", `Starts at ${start}`],
    ["end.png", `Their ends at ${end}`],
    ["data.png", `Data at ${end}`],
    ["spectrum.svg", "Energy by wavenumber: source, target, generated"],
    ["path.png", "Paths"],
    ["path.gif", "Paths, animated"],
  ];
  return names
    .map(([name, caption]) => ({ path: join(folder, "samples", `${id}_${name}`), caption }))
    .filter(({ path }) => existsSync(path));
}
