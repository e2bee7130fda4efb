// The study of verdicts: simulated problems whose answer is known. No bridge is trained, generated rows are drawn.
import { judgeSamples } from "@dsbm/evaluation";
import type { Verdict } from "@dsbm/runs";
import { cat, Generator, rand, randn, type Tensor, tidy, zeros } from "@dsbm/torch";

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
  /** Held-out rows of each side. */
  n: number;
  /** Columns; null: images. */
  dim: number | null;
  /** Distance of the means of source and target in deviations of a column. */
  apart: number;
  seed: number;
}

export interface Judged extends Problem {
  grade: Verdict["grade"];
  isFalse: boolean;
  left: number;
  power: number;
}

const sizes = [6, 12, 25, 50, 100, 200, 500, 1000, 10_000];
const dims = [1, 2, 5, 20, 50];
const distances = [1, 3, 10];

/** Problems of all kinds and sizes, `each` of a kind. */
export function problems(each: number, most = 10_000): Problem[] {
  const used = sizes.filter((n) => n <= most);
  return (Object.keys(kinds) as Kind[]).flatMap((kind, k) =>
    Array.from({ length: each }, (_, i): Problem => {
      const isImage = (i + k) % 5 === 4;
      const n = used[(i * 2 + k) % used.length] as number;
      return {
        kind,
        n: isImage ? Math.min(n, 200) : n,
        dim: isImage ? null : (dims[(i + 3 * k) % dims.length] as number),
        apart: distances[(i + k) % distances.length] as number,
        seed: 1000 * k + i,
      };
    }),
  );
}

interface Drawn {
  source: Tensor;
  generated: Tensor;
  target: Tensor;
  reserve: Tensor;
}

const most = 2000;

/** Draws the samples of a problem and judges them as `dsbm evaluate` does. */
export async function judgeProblem(problem: Problem): Promise<Judged> {
  const drawn = tidy(() => {
    const found = problem.dim === null ? images(problem) : vectors(problem, problem.dim);
    // As many as `dsbm evaluate` takes.
    const first = (x: Tensor, count: number) => x.narrow(0, 0, Math.min(count, x.size(0))).keep();
    return {
      source: first(found.source, most),
      generated: first(found.generated, most),
      target: first(found.target, most),
      reserve: first(found.reserve, 4 * most),
    };
  });
  try {
    const judged = await judgeSamples(drawn, {
      seed: problem.seed,
      names: { source: "the source", target: "the target" },
    });
    const { rows, verdict } = judged as NonNullable<typeof judged>;
    const { grade } = verdict as Verdict;
    const main = rows.find(({ excess }) => excess)?.excess;
    const isFalse = grade === "good" && !close.includes(problem.kind);
    return { ...problem, grade, isFalse, left: main?.value ?? Number.NaN, power: main?.power ?? 0 };
  } finally {
    for (const t of Object.values(drawn)) t.dispose();
  }
}

function vectors({ kind, n, apart, seed }: Problem, d: number): Drawn {
  const generator = Generator.create(seed);
  // Two parts, so that a target is no Gaussian.
  const target = (count: number, parts = 2) => {
    const sides = rand([count, 1], { generator }).mul(parts).floor().mul(2).sub(1);
    return randn([count, d], { generator }).mul(0.6).add(sides.mul(0.8));
  };
  const moved = (x: Tensor, share: number) => x.add(share * apart);
  const source = moved(target(n), 1);
  const generated: Record<Kind, () => Tensor> = {
    identical: () => target(n),
    nearly: () => moved(target(n), 0.04),
    "shift .2": () => moved(target(n), 0.2),
    "shift .5": () => moved(target(n), 0.5),
    source: () => moved(target(n), 1),
    collapsed: () => target(n).mul(0.1),
    wide: () => target(n).mul(Math.sqrt(2.69)),
    "half of the modes": () => target(n, 1),
    noise: () => source.add(randn([n, d], { generator })),
  };
  return { source, generated: generated[kind](), target: target(n), reserve: target(4 * n) };
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
export const study = (quick: boolean): Problem[] => (quick ? problems(2, 100) : problems(23));

const groups: readonly [name: string, low: number, high: number][] = [
  ["6 to 12", 6, 12],
  ["25 to 100", 25, 100],
  ["200 to 500", 200, 500],
  ["1,000 and 10,000", 1000, 10_000],
];
const grades = ["good", "partial", "undecided", "poor"] as const;

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
export function verdictsDocument(judged: readonly Judged[], command: string): string {
  const { count, of, most } = falseRate(judged);
  const cell = (kind: Kind, low: number, high: number) => {
    const own = judged.filter((one) => one.kind === kind && one.n >= low && one.n <= high);
    const counts = grades.map((grade) => own.filter((one) => one.grade === grade).length);
    return own.length === 0 ? "–" : counts.join(" / ");
  };
  const names = Object.keys(kinds) as Kind[];
  return `# How often a verdict is wrong

\`dsbm evaluate\` gives each direction of a bridge a verdict: good, partial (most of the way), undecided (cannot be judged with so
few rows) or poor. This page tests the verdict on ${judged.length} simulated problems with a known answer. No bridge is trained: the
generated samples are drawn. \`${command}\` writes this page.

A good verdict is false if the generated samples are not close to the target: **${count} of ${of} (at most ${(100 * most).toFixed(1)} %
at 95 % confidence)**.

A fifth of the problems are images of 16 × 16 pixels. The others have 1 to 50 columns and a target of two parts. The means of
source and target are 1, 3 or 10 apart in each column. Of 10,000 rows 2,000 are measured, as in \`dsbm evaluate\`.

## Verdicts by held-out rows of each side

Each cell counts good / partial / undecided / poor.

| generated samples | ${groups.map(([name]) => name).join(" | ")} |
| --- | ${groups.map(() => "---").join(" | ")} |
${names.map((kind) => `| ${kind}: ${kinds[kind]} | ${groups.map(([, low, high]) => cell(kind, low, high)).join(" | ")} |`).join("\n")}

## How many rows tell the source from the target

The mean power of the main metric: the chance that so many rows tell the untransported source from the target. A verdict needs .8.

| distance of the means | ${groups.map(([name]) => name).join(" | ")} |
| --- | ${groups.map(() => "---").join(" | ")} |
${distances
  .map((apart) => {
    const mean = ([, low, high]: (typeof groups)[number]) => {
      const own = judged.filter(
        (one) => one.dim !== null && one.apart === apart && one.n >= low && one.n <= high,
      );
      const sum = own.reduce((total, { power }) => total + power, 0);
      return own.length === 0 ? "–" : (sum / own.length).toFixed(2);
    };
    return `| ${apart} | ${groups.map(mean).join(" | ")} |`;
  })
  .join("\n")}
`;
}
