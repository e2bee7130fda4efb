// The images of an evaluation below samples/, each with what to see.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { digits } from "@dsbm/files";
import { closeness } from "./captions.js";
import type { DirectionRows } from "./direction-rows.js";
import type { Names } from "./names.js";
import type { Picture } from "./page/html.js";

/** What captions name and quote. */
interface CaptionFacts {
  direction: "f" | "b";
  names: Names;
  rows: DirectionRows;
}

/** How close generated samples are to `goal`: the deciding metric and the variance. */
export const goalNotes = (
  { main, spread }: Pick<DirectionRows, "main" | "spread">,
  goal: string,
): (string | false | undefined)[] => [
  main && closeness(main),
  spread && `Their variance is ${digits(spread.value)} of the variance of ${goal}.`,
];

/** Files of curves on white; maps have colours of values. */
const curveFiles = ["scatter.svg", "spectrum.svg"];

/** Captions by the last part of a file's name, in the order of the report. */
function captionsOf({ direction, names, rows }: CaptionFacts): Record<string, string> {
  const { source, target } = names;
  const [start, end] = direction === "f" ? [source, target] : [target, source];
  const [from, to] = direction === "f" ? [0, 1] : [1, 0];
  const sentences = (...parts: (string | false | undefined)[]) => parts.filter(Boolean).join(" ");
  return {
    "scatter.svg": `Samples from ${start} to ${end}`,
    "maps.svg": sentences(
      `Fields of ${start}, the fields that the bridge makes of them, and other fields of ${end}.`,
      "Generated fields should have the values and the patterns of the last row.",
      ...goalNotes(rows, end),
    ),
    "start.png": `Held-out samples of ${start}.`,
    "end.png": sentences("The same samples after the bridge.", ...goalNotes(rows, end)),
    "data.png": `Other held-out samples of ${end}, to compare with.`,
    "nearest.png": `The training sample of ${end} that is closest to each generated sample. Equal images are copies.`,
    "reconstruction.png": `Held-out samples of ${end} through the autoencoder alone. The bridge cannot be sharper.`,
    "between.png": "Data of an intermediate time.",
    "spectrum.svg": sentences(
      `The energy of generated fields (blue) should be the energy of ${end} at each wavenumber.`,
      rows.spectrum && closeness(rows.spectrum),
    ),
    "path.png": `Each row is one sample on its way from ${start} (t=${from}) to ${end} (t=${to}).`,
    "path.gif": `Samples on their way from ${start} to ${end}.`,
  };
}

const filesOf = (folder: string, id: string): string[] => {
  const samples = join(folder, "samples");
  if (!existsSync(samples)) return [];
  return readdirSync(samples)
    .filter((file) => file.startsWith(`${id}_`))
    .sort();
};

/** Whether a run has images of an evaluation, by the prefix of their names. */
export const hasEvaluationPictures = (folder: string, id: string): boolean =>
  filesOf(folder, id).some((file) => /\.(png|svg|gif)$/.test(file));

/** Whether the samples of an evaluation are images, by the prefix of the names of its files. */
export const hasEvaluationImages = (folder: string, id: string): boolean =>
  filesOf(folder, id).includes(`${id}_end.png`);

/** The images of an evaluation that a run has, by the prefix of their names. */
export function evaluationPictures(folder: string, id: string, facts: CaptionFacts): Picture[] {
  const files = filesOf(folder, id);
  return Object.entries(captionsOf(facts)).flatMap(([name, caption]) =>
    files
      .filter((file) => file.replace(/_\d+(\.png|\.svg)$/, "$1") === `${id}_${name}`)
      .map((file) => ({
        path: join(folder, "samples", file),
        caption,
        hasCurves: curveFiles.includes(name),
      })),
  );
}
