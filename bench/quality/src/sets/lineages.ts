// Time courses whose growth and fates are known: two lineages, a branch, and two draws of one distribution.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { annotate, resolve } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { runAnnotate } from "@dsbm/inference";
import { parseCsv } from "@dsbm/runs";
import { cat, full, rand, randn, type Tensor, where } from "@dsbm/torch";
import type { Benchmark, Case, Measured, Values } from "../benchmark.js";
import { mean } from "../table.js";
import { correlation } from "../weighted.js";

/** Growth of both lineages per unit of time, with mass .5 each on the first day. */
const rates = { A: 0.5, B: -0.3 } as const;
type Lineage = keyof typeof rates;

const rowsOfDay = [700, 760, 820, 900];
const columnNames = Array.from({ length: 10 }, (_, i) => `c${i}`);

const massOf = (lineage: Lineage, day: number): number => 0.5 * Math.exp(rates[lineage] * day);
const masses = rowsOfDay.map((_, day) => massOf("A", day) + massOf("B", day));

/** Rows of one day: their progress and height [n, 2], and their lineages. */
interface Day {
  plane: Tensor;
  lineages: readonly Lineage[];
}

/** How far a lineage lies from the axis at a progress [n]: [n]. */
type Height = (progress: Tensor) => Tensor;

function dayOf(day: number, seed: number, height: Height): Day {
  const n = rowsOfDay[day] as number;
  const generator = stream(seed, `benchmark/lineages/${day}`);
  const share = massOf("A", day) / (masses[day] as number);
  const isA = rand([n], { generator }).lt(share);
  const noise = randn([n, 2], { generator });
  const progress = noise.select(1, 0).mul(0.25).add(day);
  const side = where(isA, full([n], 1), full([n], -1));
  const across = height(progress).mul(side).add(noise.select(1, 1).mul(0.2));
  return {
    plane: cat([progress.unsqueeze(1), across.unsqueeze(1)], { dim: 1 }),
    lineages: isA.toNumbers().map((one) => (one ? "A" : "B")),
  };
}

/** A CSV of days with lineages; the plane is turned into ten columns, with a little noise. */
function tableOf(days: readonly Day[], seed: number): string {
  const generator = stream(seed, "benchmark/lineages/columns");
  const axes = randn([2, columnNames.length], { generator });
  const lines = days.flatMap(({ plane, lineages }, day) => {
    const n = lineages.length;
    const noise = randn([n, columnNames.length], { generator }).mul(0.05);
    const rows = plane.mm(axes).add(noise).unbind();
    return rows.map((row, i) => [day, lineages[i], ...row.toNumbers()].join());
  });
  return `${["day,lineage", ...columnNames].join()}\n${lines.join("\n")}\n`;
}

/** One annotated row. */
interface AnnotatedRow {
  day: number;
  lineage: Lineage;
  rate: number;
  low: number;
  high: number;
  /** Probability to end in its own lineage. */
  own: number;
  /** Mass at the last day. */
  descendants: number;
}

async function annotatedRows({ folder, files, ...work }: Measured): Promise<AnnotatedRow[]> {
  const output = join(files, "annotated.csv");
  const { config } = resolve(annotate, ["fate=lineage", "overwrite=true", "threads=1"])
    .members[0] as { config: Parameters<typeof runAnnotate>[0]["config"] };
  await runAnnotate({ ...work, run: folder, input: join(files, "rows.csv"), output, config });
  const { rows } = parseCsv(readFileSync(output, "utf8"));
  return rows.map((row) => ({
    day: Number(row.day),
    lineage: row.lineage as Lineage,
    rate: Number(row.growth_rate),
    low: Number(row.growth_low),
    high: Number(row.growth_high),
    own: Number(row[`fate_${row.lineage}`]),
    descendants: Number(row.descendants),
  }));
}

interface LineageCase {
  name: string;
  days: number;
  mass: readonly number[];
  draw(seed: number): Day[];
  /** The growth of a row. */
  truth(row: AnnotatedRow): number;
  /** First day on which lineages are apart. */
  apart: number;
}

/** Without lineages, correlation and fates have no meaning. */
function valuesOf(rows: readonly AnnotatedRow[], { days, truth, apart }: LineageCase): Values {
  const early = rows.filter(({ day }) => day >= apart && day < days - 1);
  const each = [...new Set(early.map(({ day }) => day))].map((day) =>
    early.filter((row) => row.day === day),
  );
  const hasLineages = early.length > 0;
  const squares = rows.map((row) => (row.rate - truth(row)) ** 2);
  const isIn = rows.map((row) => (row.low <= truth(row) && truth(row) <= row.high ? 1 : 0));
  const logs = rows.filter(({ day }) => day === 0).map(({ descendants }) => Math.log(descendants));
  const centre = mean(logs);
  return {
    growth: hasLineages
      ? Math.min(
          ...each.map((day) =>
            correlation(
              day.map(({ rate }) => rate),
              day.map(truth),
            ),
          ),
        )
      : null,
    error: Math.sqrt(mean(squares)),
    inside: mean(isIn),
    fates: hasLineages ? mean(early.map(({ own }) => 1 - own)) : null,
    spread: Math.sqrt(mean(logs.map((one) => (one - centre) ** 2))),
  };
}

function caseOf(one: LineageCase): Case {
  const path = (files: string) => join(files, "rows.csv");
  return {
    name: one.name,
    datasets: (files) => [path(files)],
    options: () => ({
      time: "day",
      mass: [...one.mass],
      "data.keep": "lineage",
      num_iter: 1200,
      max_minutes: null,
      loo: false,
    }),
    async prepare(files) {
      writeFileAtomic(path(files), tableOf(one.draw(1), 1));
    },
    measure: async (run) => valuesOf(await annotatedRows(run), one),
  };
}

const lineageCases: readonly LineageCase[] = [
  {
    name: "lineages",
    days: 4,
    mass: masses,
    draw: (seed) =>
      rowsOfDay.map((_, day) => dayOf(day, seed, (progress) => progress.mul(0.5).add(0.6))),
    truth: ({ lineage }) => rates[lineage],
    apart: 0,
  },
  {
    name: "branch",
    days: 4,
    mass: masses,
    draw: (seed) =>
      rowsOfDay.map((_, day) =>
        dayOf(day, seed, (progress) => progress.sub(0.25).clamp({ min: 0 })),
      ),
    // Before the branch, rows of both lineages are alike.
    truth: ({ lineage, day }) => (day === 0 ? Math.log(masses[1] as number) : rates[lineage]),
    apart: 1,
  },
  {
    name: "draws",
    days: 2,
    mass: [1, 1],
    draw: (seed) =>
      [0, 1].map((day) => {
        const generator = stream(seed, `benchmark/draws/${day}`);
        const plane = randn([700, 2], { generator });
        return { plane, lineages: Array.from({ length: 700 }, (_, i) => (i % 2 ? "A" : "B")) };
      }),
    truth: () => 0,
    apart: 2,
  },
];

/** The benchmark of growth and fates that are known. */
export const lineages: Benchmark = {
  name: "lineages",
  about: "growth rates, their intervals and fates of `dsbm annotate`, next to the truth",
  command: "fit",
  cases: lineageCases.map(caseOf),
  methods: [{ name: "wfr", options: { method: "wfr" } }],
  seeds: [1],
  quick: { cases: ["lineages"] },
  metrics: [
    {
      name: "growth",
      title: "correlation of growth_rate with the truth, of the worst day",
      digits: 3,
      best: 1,
    },
    { name: "error", title: "root mean squared error of growth_rate", digits: 3 },
    {
      name: "inside",
      title: "share of rows whose 90 % interval contains the truth",
      digits: 3,
      best: 1,
    },
    { name: "fates", title: "probability to end in another lineage", digits: 3 },
    {
      name: "spread",
      title: "deviation of the log mass of the first day's rows at the last day",
      digits: 3,
      best: null,
    },
  ],
  published: [],
  notes: [
    "`lineages` are two lineages that start with equal mass, grow by +.5 and −.3 a day and move apart, on four days, in ten columns, with the right masses. On the first day they are closer to each other than rows move in a day.",
    "`branch` is one group of rows on the first day, which becomes the same two lineages. Rows of the first day have the mean growth of both, and no known fate.",
    "`draws` are two draws of one distribution with equal masses: growth is none.",
  ],
};
