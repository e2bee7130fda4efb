// The study of verdicts: simulated problems whose answer is known. No bridge is trained, generated rows are drawn.

/** What the generated rows are. */
export const generatedKinds = {
  identical: "drawn from the target",
  nearly: "shifted by 4 % of the distance to the source",
  "shift .2": "shifted by 20 % of the distance",
  "shift .5": "shifted by half of the distance",
  source: "the source itself",
  collapsed: "the target's, with a tenth of its deviation",
  wide: "the target's, with 2.69 times its variance",
  "half of the modes": "drawn from one of two parts of the target",
  noise: "the source with noise on it",
} as const;
/** The name of a kind of generated rows. */
export type Kind = keyof typeof generatedKinds;

/** Kinds that a good verdict is right for. */
export const closeKinds: readonly Kind[] = ["identical", "nearly"];

/** A simulated problem whose answer is known. */
export interface Problem {
  kind: Kind;
  /** Held-out rows of each side; all rows of each side in a cross-validation. */
  n: number;
  /** Columns; null: images. */
  dim: number | null;
  /** Distance of the means of source and target in deviations of a column. */
  apart: number;
  seed: number;
  /** Whether it is a small table that `dsbm fit` judges by cross-validation. */
  isFolded?: boolean;
  /** Whether each column of the target has two parts of its own. */
  isIndependent?: boolean;
  /** Whether generated rows are drawn from the training rows, as of a bridge that knows them by heart. */
  isSeen?: boolean;
}

const sizes = [6, 12, 25, 50, 100, 200, 500, 1000, 10_000];
const dims = [1, 2, 5, 20, 50];
/** Distances of the means of source and target. */
export const distances = [1, 3, 10];
export const allKinds = Object.keys(generatedKinds) as Kind[];
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

/** Problems of all kinds and sizes, `each` of a kind. */
export function problems(each: number, mostRows = 10_000): Problem[] {
  const used = sizes.filter((n) => n <= mostRows);
  return allKinds.flatMap((kind, k) =>
    Array.from({ length: each }, (_, i): Problem => {
      const isImage = (i + k) % 5 === 4;
      const n = pick(used, i * 2 + k);
      return {
        kind,
        n: isImage ? Math.min(n, 200) : n,
        dim: isImage ? null : pick(dims, i + 3 * k),
        apart: pick(distances, i + k),
        seed: 1000 * k + i,
      };
    }),
  );
}

/** Rows of small tables, from 10 training rows on; fewer are judged once. */
const foldedSizes = [14, 30, 60, 120, 240];
const foldedDims = [1, 2, 5, 20];

/** Small tables of all kinds and sizes, `each` of a kind. */
export const foldedProblems = (each: number): Problem[] =>
  allKinds.flatMap((kind, k) =>
    Array.from({ length: each }, (_, i) => ({
      kind,
      n: pick(foldedSizes, 2 * i + k),
      dim: pick(foldedDims, i + 3 * k),
      apart: pick(distances, i + k),
      seed: 100_000 + 1000 * k + i,
      isFolded: true,
      isIndependent: Math.floor(i / 4) % 2 === 1,
      isSeen: Math.floor(i / 8) % 2 === 1,
    })),
  );

/** The problems of the study, and of its short form without large samples. */
export const study = (quick: boolean): Problem[] =>
  quick ? [...problems(2, 100), ...foldedProblems(2)] : [...problems(23), ...foldedProblems(45)];
