// What commands wrote for a run's page, and the columns of its rows.
import { type DataFile, qualityFile } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import type { OtherEvaluation, OutputFile, RowField } from "../shared/api.js";
import { messageOf, readAs } from "./files.js";
import { comparedMetrics } from "./metrics.js";

/** The folder of a run that holds generated tables, exports and evaluations with other steps. */
export const outputsFolder = "outputs";

const evaluationName = /^evaluation-(\w+)-(\d+|usual)\.json$/;
const mostOutputs = 300;

/** The name of an evaluation's file. */
export const evaluationFile = (solver: string, steps: number | null): string =>
  `evaluation-${solver}-${steps ?? "usual"}.json`;

/** The files of a run's outputs, by path from the run. */
export function readOutputs(folder: Folder, run: string): OutputFile[] {
  const filesIn = (at: string): OutputFile[] =>
    folder
      .list(pathBelow(run, at))
      .filter(({ name }) => !name.startsWith("."))
      .flatMap((entry) => {
        const file = `${at}/${entry.name}`;
        if (entry.isDirectory() && at === outputsFolder) return filesIn(file);
        const stat = entry.isFile() ? folder.peek(pathBelow(run, file)) : undefined;
        return stat ? [{ file, bytes: stat.size }] : [];
      });
  return filesIn(outputsFolder).slice(0, mostOutputs);
}

/** The evaluations with other steps among the outputs, and a line for each damaged one. */
export function readEvaluations(
  folder: Folder,
  run: string,
  outputs: readonly OutputFile[],
): { evaluations: OtherEvaluation[]; damaged: string[] } {
  const evaluations: OtherEvaluation[] = [];
  const damaged: string[] = [];
  for (const { file } of outputs) {
    const [, solver, steps] = evaluationName.exec(file.slice(outputsFolder.length + 1)) ?? [];
    if (solver === undefined) continue;
    const title = steps === "usual" ? solver : `${solver}, ${steps} steps`;
    const cure = `evaluate again with ${title} under Use, or delete the file`;
    try {
      const { rows } = readAs(folder, pathBelow(run, file), qualityFile, cure);
      evaluations.push({ title, metrics: comparedMetrics(rows) });
    } catch (error) {
      damaged.push(messageOf(error));
    }
  }
  return { evaluations, damaged };
}

const middleOf = ({ min, max }: { min: number; max: number }, isWhole: boolean): string => {
  const middle = (min + max) / 2;
  return String(isWhole ? Math.round(middle) : Number(middle.toPrecision(4)));
};

/** The columns of a row of the run's tables, with values from the middle of their ranges. */
export function fieldsOf({ columns, categories, conditioning }: DataFile): RowField[] {
  const levels = new Set(
    categories.flatMap(({ name, levels }) => levels.map((l) => `${name}=${l}`)),
  );
  const texts = (name: string, all: string[]): RowField => ({
    name,
    texts: all,
    middle: { f: all[0] ?? "", b: all[0] ?? "" },
  });
  return [
    ...columns
      .filter(({ name }) => !levels.has(name))
      .map(({ name, source, target, whole }) => ({
        name,
        texts: null,
        middle: { f: middleOf(source, whole), b: middleOf(target ?? source, whole) },
      })),
    ...categories.map(({ name, levels: all }) => texts(name, all)),
    ...(conditioning === null
      ? []
      : conditioning.classes
        ? [texts(conditioning.name, conditioning.classes)]
        : [
            {
              name: conditioning.name,
              texts: null,
              middle: { f: String(conditioning.mean), b: String(conditioning.mean) },
            },
          ]),
  ];
}
