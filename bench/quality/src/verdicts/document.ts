// The page of the study of verdicts.
import { folds } from "@dsbm/datasets";
import { average } from "@dsbm/runs";
import type { Judged, Power } from "./judge.js";
import { allKinds, closeKinds, distances, generatedKinds, type Kind } from "./problem.js";

/** A number of rows of each side, from and to. */
export type Group = readonly [name: string, low: number, high: number];

/** The groups of verdicts of one evaluation. */
export const onceGroups: readonly Group[] = [
  ["6 to 12", 6, 12],
  ["25 to 100", 25, 100],
  ["200 to 500", 200, 500],
  ["1,000 and 10,000", 1000, 10_000],
];
/** The groups of cross-validated verdicts. */
export const foldedGroups: readonly Group[] = [
  ["14", 14, 14],
  ["30", 30, 30],
  ["60", 60, 60],
  ["120 and 240", 120, 240],
];
const grades = ["good", "likely", "partial", "undecided", "poor"] as const;

/**
 * Verdicts of a grade on samples that are not close to the target, how many could be, and the upper end of the 95 % interval of
 * their rate (Wilson).
 */
export function falseRate(
  judged: readonly Judged[],
  falseGrade: "good" | "likely" = "good",
): { count: number; of: number; most: number } {
  const wrong = judged.filter(({ kind }) => !closeKinds.includes(kind));
  const count = wrong.filter(({ grade }) => grade === falseGrade).length;
  const n = wrong.length;
  const z = 1.96;
  const share = count / n;
  const half = z * Math.sqrt((share * (1 - share)) / n + z ** 2 / (4 * n ** 2));
  return { count, of: n, most: (share + z ** 2 / (2 * n) + half) / (1 + z ** 2 / n) };
}

/** The page of the study. */
export function verdictsDocument(
  judged: readonly Judged[],
  { command, powers, draws }: { command: string; powers: readonly Power[]; draws: number },
): string {
  const once = judged.filter(({ isFolded }) => !isFolded);
  const folded = judged.filter(({ isFolded }) => isFolded);
  const rate = (some: readonly Judged[], grade: "good" | "likely" = "good") => {
    const { count, of, most } = falseRate(some, grade);
    return `**${count} of ${of} (at most ${(100 * most).toFixed(1)} % at 95 % confidence)**`;
  };
  return `# How often a verdict is wrong

dsbm gives each direction of a bridge a verdict: good, likely (probably good: too few rows to be sure), partial (most of the way),
undecided (cannot be judged with so few rows) or poor. This page tests the verdict on ${judged.length} simulated problems with a known answer. No bridge is trained: the
generated samples are drawn. \`${command}\` writes this page.

![Verdicts "good" by kind of generated samples and number of rows](verdicts.svg)

A good verdict is false if the generated samples are not close to the target:

- judged once, as by \`dsbm evaluate\`: ${rate(once)}
- by ${folds}-fold cross-validation, as by \`dsbm fit\` of small tables: ${rate(folded)}

*Probably good* is for few rows, and says that it is not sure. On the same samples:

- judged once: ${rate(once, "likely")}
- by cross-validation: ${rate(folded, "likely")}

## Judged once, by held-out rows of each side

A fifth of the problems are images of 16 × 16 pixels. The others have 1 to 50 columns and a target of two parts. The means of
source and target are 1, 3 or 10 apart in each column. Of 10,000 rows 2,000 are measured, as in \`dsbm evaluate\`.

Each cell counts good / likely / partial / undecided / poor.

${gradeTable(once, onceGroups)}

## By cross-validation, by rows of each side

Tables of 1 to 20 columns. In half of them, each column of the target has two parts of its own. In half, the generated rows
are training rows, as of a bridge that knows its data by heart. \`dsbm fit\` judges tables of fewer than 14 rows once.

${gradeTable(folded, foldedGroups)}

## How many rows tell the source from the target

The mean power of the main metric: the chance that so many rows tell the untransported source from the target. A verdict needs .8.

${powerTable(once, onceGroups)}

By cross-validation:

${powerTable(folded, foldedGroups)}

The power as stated, and as measured by ${draws} draws of target and source each, where power is low:

${statedTable(powers)}
`;
}

const table = (names: readonly string[], rows: readonly (readonly string[])[]): string =>
  [names, names.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** The problems with so many rows. */
export const ofGroup = <P extends { n: number }>(judged: readonly P[], [, low, high]: Group): P[] =>
  judged.filter(({ n }) => n >= low && n <= high);

function gradeTable(judged: readonly Judged[], groups: readonly Group[]): string {
  const cell = (kind: Kind, group: Group) => {
    const own = ofGroup(judged, group).filter((one) => one.kind === kind);
    const counts = grades.map((grade) => own.filter((one) => one.grade === grade).length);
    return own.length === 0 ? "–" : counts.join(" / ");
  };
  return table(
    ["generated samples", ...groups.map(([name]) => name)],
    allKinds.map((kind) => [
      `${kind}: ${generatedKinds[kind]}`,
      ...groups.map((group) => cell(kind, group)),
    ]),
  );
}

const mean = (values: readonly number[]): string =>
  values.length === 0 ? "–" : average(values).toFixed(2);

function powerTable(judged: readonly Judged[], groups: readonly Group[]): string {
  const powers = (apart: number, group: Group) =>
    ofGroup(judged, group)
      .filter((one) => one.dim !== null && one.apart === apart)
      .map(({ power }) => power);
  return table(
    ["distance of the means", ...groups.map(([name]) => name)],
    distances.map((apart) => [`${apart}`, ...groups.map((group) => mean(powers(apart, group)))]),
  );
}

const statedTable = (powers: readonly Power[]): string =>
  table(
    ["judged", "rows", "columns", "distance of the means", "stated", "measured"],
    powers.map(({ setting: { n, dim, apart, isFolded }, stated, measured }) => [
      isFolded ? "by cross-validation" : "once",
      `${n}`,
      `${dim}`,
      `${apart}`,
      stated.toFixed(2),
      measured.toFixed(2),
    ]),
  );
