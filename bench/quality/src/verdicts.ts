// The study of verdicts: simulated problems whose answer is known. No bridge is trained, generated rows are drawn.

import { type Datasets, type EndpointData, folds, withoutRows } from "@dsbm/datasets";
import { type DrawnSamples, judgeSamples, pooledFolds, sampleMetrics } from "@dsbm/evaluation";
import { average, type MetricRow, type Verdict } from "@dsbm/runs";
import { cat, Generator, rand, randint, randn, type Tensor, tidy, zeros } from "@dsbm/torch";

/** What the generated rows are. */
const kinds = {
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
export type Kind = keyof typeof kinds;

/** Kinds that a good verdict is right for. */
const close: readonly Kind[] = ["identical", "nearly"];

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

export interface Judged extends Problem {
  grade: Verdict["grade"];
  isFalse: boolean;
  /** The power of the main metric, as stated. */
  power: number;
}

const sizes = [6, 12, 25, 50, 100, 200, 500, 1000, 10_000];
const dims = [1, 2, 5, 20, 50];
const distances = [1, 3, 10];
const allKinds = Object.keys(kinds) as Kind[];
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

/** Problems of all kinds and sizes, `each` of a kind. */
export function problems(each: number, most = 10_000): Problem[] {
  const used = sizes.filter((n) => n <= most);
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

const most = 2000;

const names = { source: "the source", target: "the target" };

/** Draws the samples of a problem and judges them as `dsbm fit` and `dsbm evaluate` do. */
export async function judgeProblem(problem: Problem): Promise<Judged> {
  const { rows, verdicts } = await measured(problem);
  const [{ excess }] = rows as [MetricRow];
  const { grade } = verdicts[0] as Verdict;
  const isFalse = grade === "good" && !close.includes(problem.kind);
  return { ...problem, grade, isFalse, power: excess?.power ?? 0 };
}

type Fold = Parameters<typeof pooledFolds>[0][number];

/** The rows and the verdict of a problem; without a verdict if metrics are chosen. */
async function measured(problem: Problem, chosen?: typeof sampleMetrics): Promise<Fold> {
  const { seed, isFolded } = problem;
  const judged: Fold[] = [];
  for (const drawn of drawnOf(problem)) {
    try {
      const found = await judgeSamples(drawn, { seed, names, ...(chosen && { chosen }) });
      const { rows, verdict } = found as NonNullable<typeof found>;
      judged.push({ rows, verdicts: verdict ? [verdict] : [] });
    } finally {
      for (const t of Object.values(drawn)) t.dispose();
    }
  }
  return isFolded ? pooledFolds(judged, { names, what: "rows" }) : (judged[0] as Fold);
}

type Drawn = { [K in keyof DrawnSamples]: Tensor };

/** The samples of each evaluation, cut to as many as `dsbm evaluate` takes. */
function drawnOf(problem: Problem): Drawn[] {
  const { dim } = problem;
  const first = (x: Tensor, count: number) => x.narrow(0, 0, Math.min(count, x.size(0))).keep();
  return tidy(() => {
    const drawn = dim === null ? [images(problem)] : vectors(problem, dim);
    return drawn.map(({ source, generated, target, reserve }) => ({
      source: first(source, most),
      generated: first(generated, most),
      target: first(target, most),
      reserve: first(reserve, 4 * most),
    }));
  });
}

function vectors(problem: Problem, d: number): Drawn[] {
  const { kind, n, apart, seed, isFolded, isIndependent, isSeen } = problem;
  const generator = Generator.create(seed);
  // Two parts, so that a target is no Gaussian.
  const drawnRows = (count: number, parts = 2) => {
    const sides = rand([count, isIndependent ? d : 1], { generator });
    const centres = sides.mul(parts).floor().mul(2).sub(1).mul(0.8);
    return randn([count, d], { generator }).mul(0.6).add(centres);
  };
  const moved = (x: Tensor, share: number) => x.add(share * apart);
  const generatedFrom = (source: Tensor, target: typeof drawnRows): Tensor => {
    const count = source.size(0);
    const make: Record<Kind, () => Tensor> = {
      identical: () => target(count),
      nearly: () => moved(target(count), 0.04),
      "shift .2": () => moved(target(count), 0.2),
      "shift .5": () => moved(target(count), 0.5),
      source: () => moved(target(count), 1),
      collapsed: () => target(count).mul(0.1),
      wide: () => target(count).mul(Math.sqrt(2.69)),
      "half of the modes": () => drawnRows(count, 1),
      noise: () => source.add(randn([count, d], { generator })),
    };
    return make[kind]();
  };
  const source = moved(drawnRows(n), 1);
  if (!isFolded) {
    const generated = generatedFrom(source, drawnRows);
    return [{ source, generated, target: drawnRows(n), reserve: drawnRows(4 * n) }];
  }
  const end = (rows: Tensor) => ({ train: rows, test: rows.narrow(0, 0, 0) }) as EndpointData;
  const table = { x0: end(source), x1: end(drawnRows(n)) } as Datasets;
  return Array.from({ length: folds }, (_, k) => {
    const { x0, x1 } = withoutRows(table, k + 1, seed);
    const seen = (count: number) =>
      x1.train.indexSelect(0, randint(0, x1.train.size(0), [count], { generator }));
    const generated = generatedFrom(x0.test, isSeen ? seen : drawnRows);
    return { source: x0.test, generated, target: x1.test, reserve: x1.train };
  });
}

const size = 16;

function images({ kind, n, seed }: Problem): Drawn {
  const generator = Generator.create(seed);
  const target = (count: number) => disks(count, { generator, style: "ring" });
  const source = disks(n, { generator, style: "disk" });
  const mixed = (share: number) => {
    const first = Math.round(share * n);
    return cat(
      [disks(first, { generator, style: "disk" }), target(n - first)].filter((t) => t.size(0) > 0),
    );
  };
  const generated: Record<Kind, () => Tensor> = {
    identical: () => target(n),
    nearly: () => target(n),
    "shift .2": () => mixed(0.2),
    "shift .5": () => mixed(0.5),
    source: () => disks(n, { generator, style: "disk" }),
    collapsed: () =>
      target(1)
        .expand([n, 3, size, size])
        .add(randn([n, 3, size, size], { generator }).mul(0.02)),
    wide: () => target(n).mul(Math.sqrt(2.69)),
    "half of the modes": () => disks(n, { generator, style: "ring", most: 0.5 }),
    noise: () => source.add(randn([n, 3, size, size], { generator }).mul(0.3)),
  };
  return { source, generated: generated[kind](), target: target(n), reserve: target(4 * n) };
}

/** Disks of one colour, or rings of another, somewhere on a ground: [n, 3, size, size] of −1 … 1. */
function disks(
  n: number,
  { generator, style, most = 1 }: { generator: Generator; style: "disk" | "ring"; most?: number },
): Tensor {
  const between = (low: number, high: number) =>
    rand([n, 1, 1, 1], { generator })
      .mul(high - low)
      .add(low);
  const axis = zeros([size]).add(1).cumsum(0).sub(0.5).div(size);
  const x = between(0.3, 0.3 + 0.4 * most);
  const y = between(0.3, 0.7);
  const radius = between(0.15, 0.3);
  const distance = axis
    .view([1, 1, 1, size])
    .sub(x)
    .square()
    .add(axis.view([1, 1, size, 1]).sub(y).square())
    .sqrt();
  const inside = distance.sub(radius).mul(-20).sigmoid();
  const shape =
    style === "disk" ? inside : inside.sub(distance.sub(radius.mul(0.6)).mul(-20).sigmoid());
  const colours = cat([between(0.2, 1), between(-0.6, 0.6), between(-1, 0)], { dim: 1 });
  return shape
    .mul(colours.add(1))
    .sub(1)
    .add(randn([n, 3, size, size], { generator }).mul(0.05));
}

/** The problems of the study, and of its short form without large samples. */
export const study = (quick: boolean): Problem[] =>
  quick ? [...problems(2, 100), ...foldedProblems(2)] : [...problems(23), ...foldedProblems(45)];

type Group = readonly [name: string, low: number, high: number];

const groups: readonly Group[] = [
  ["6 to 12", 6, 12],
  ["25 to 100", 25, 100],
  ["200 to 500", 200, 500],
  ["1,000 and 10,000", 1000, 10_000],
];
const foldedGroups: readonly Group[] = [
  ["14", 14, 14],
  ["30", 30, 30],
  ["60", 60, 60],
  ["120 and 240", 120, 240],
];
const grades = ["good", "likely", "partial", "undecided", "poor"] as const;

/** False verdicts, how many could be, and the upper end of the 95 % interval of their rate (Wilson). */
export function falseRate(judged: readonly Judged[]): { count: number; of: number; most: number } {
  const wrong = judged.filter(({ kind }) => !close.includes(kind));
  const count = wrong.filter(({ isFalse }) => isFalse).length;
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
  const rate = (some: readonly Judged[]) => {
    const { count, of, most } = falseRate(some);
    return `**${count} of ${of} (at most ${(100 * most).toFixed(1)} % at 95 % confidence)**`;
  };
  return `# How often a verdict is wrong

dsbm gives each direction of a bridge a verdict: good, likely (probably good: too few rows to be sure), partial (most of the way),
undecided (cannot be judged with so few rows) or poor. This page tests the verdict on ${judged.length} simulated problems with a known answer. No bridge is trained: the
generated samples are drawn. \`${command}\` writes this page.

A good verdict is false if the generated samples are not close to the target:

- judged once, as by \`dsbm evaluate\`: ${rate(once)}
- by ${folds}-fold cross-validation, as by \`dsbm fit\` of small tables: ${rate(folded)}

## Judged once, by held-out rows of each side

A fifth of the problems are images of 16 × 16 pixels. The others have 1 to 50 columns and a target of two parts. The means of
source and target are 1, 3 or 10 apart in each column. Of 10,000 rows 2,000 are measured, as in \`dsbm evaluate\`.

Each cell counts good / likely / partial / undecided / poor.

${gradeTable(once, groups)}

## By cross-validation, by rows of each side

Tables of 1 to 20 columns. In half of them, each column of the target has two parts of its own. In half, the generated rows
are training rows, as of a bridge that knows its data by heart. \`dsbm fit\` judges tables of fewer than 14 rows once.

${gradeTable(folded, foldedGroups)}

## How many rows tell the source from the target

The mean power of the main metric: the chance that so many rows tell the untransported source from the target. A verdict needs .8.

${powerTable(once, groups)}

By cross-validation:

${powerTable(folded, foldedGroups)}

The power as stated, and as measured by ${draws} draws of target and source each, where power is low:

${statedTable(powers)}
`;
}

const table = (names: readonly string[], rows: readonly (readonly string[])[]): string =>
  [names, names.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const within = (judged: readonly Judged[], [, low, high]: Group): Judged[] =>
  judged.filter(({ n }) => n >= low && n <= high);

function gradeTable(judged: readonly Judged[], groups: readonly Group[]): string {
  const cell = (kind: Kind, group: Group) => {
    const own = within(judged, group).filter((one) => one.kind === kind);
    const counts = grades.map((grade) => own.filter((one) => one.grade === grade).length);
    return own.length === 0 ? "–" : counts.join(" / ");
  };
  return table(
    ["generated samples", ...groups.map(([name]) => name)],
    allKinds.map((kind) => [
      `${kind}: ${kinds[kind]}`,
      ...groups.map((group) => cell(kind, group)),
    ]),
  );
}

const mean = (values: readonly number[]): string =>
  values.length === 0 ? "–" : average(values).toFixed(2);

function powerTable(judged: readonly Judged[], groups: readonly Group[]): string {
  const powers = (apart: number, group: Group) =>
    within(judged, group)
      .filter((one) => one.dim !== null && one.apart === apart)
      .map(({ power }) => power);
  return table(
    ["distance of the means", ...groups.map(([name]) => name)],
    distances.map((apart) => [`${apart}`, ...groups.map((group) => mean(powers(apart, group)))]),
  );
}

/** Problems of one kind with few rows, and how often the source is told from the target. */
export interface Power {
  setting: Pick<Problem, "n" | "dim" | "apart" | "isFolded">;
  stated: number;
  measured: number;
}

const settings: readonly Power["setting"][] = [
  { n: 6, dim: 1, apart: 1 },
  { n: 12, dim: 1, apart: 1 },
  { n: 12, dim: 5, apart: 0.5 },
  { n: 25, dim: 1, apart: 0.5 },
  { n: 14, dim: 1, apart: 1, isFolded: true },
  { n: 30, dim: 1, apart: 1, isFolded: true },
  { n: 30, dim: 5, apart: 0.5, isFolded: true },
  { n: 60, dim: 1, apart: 0.5, isFolded: true },
];

/** The power as stated, and as measured: at the 5 % level, by `count` draws of target and source. */
export async function measurePower(count: number): Promise<Power[]> {
  const powers: Power[] = [];
  const main = sampleMetrics.filter(({ name }) => name === "sliced_w2");
  for (const setting of settings) {
    const drawn = async (kind: Kind) => {
      const rows: MetricRow[] = [];
      for (let i = 0; i < count; i++) {
        const problem = { ...setting, kind, seed: 1_000_000 + i };
        rows.push(...(await measured(problem, main)).rows);
      }
      return rows;
    };
    const none = (await drawn("identical")).map(({ value }) => value).sort((a, b) => a - b);
    const limit = none[Math.ceil(0.95 * count) - 1] as number;
    const sources = await drawn("source");
    powers.push({
      setting,
      stated: average(sources.map(({ excess }) => excess?.power ?? 0)),
      measured: average(sources.map(({ value }) => Number(value > limit))),
    });
  }
  return powers;
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
