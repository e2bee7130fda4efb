// The page of the study of few steps.
import type { MetricRow } from "@dsbm/runs";
import { provenance } from "../provenance.js";
import type { StudyResult, StudySampler } from "./study.js";

const titles = {
  w2: "W2",
  displacement: "displacement",
  conditional_variance: "conditional variance",
  variance_ratio: "variance ratio",
} as const;

const digits = (value: number | null | undefined): string =>
  value == null ? "–" : String(Number(value.toPrecision(3)));

/** A metric of a sampler; undefined if it was not measured. */
export const rowIn = (
  { rows }: StudySampler,
  name: string,
  direction: "f" | "b",
): MetricRow | undefined => rows.find((row) => row.name === name && row.direction === direction);

/** A value with half of its 95 % interval. */
function cellOf(row: MetricRow | undefined): string {
  if (!row?.interval) return digits(row?.value);
  const [low, high] = row.interval;
  return `${digits(row.value)} ± ${Number(((high - low) / 2).toPrecision(1))}`;
}

const lineOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** How much more than the teacher's W2, in percent. */
function moreOf(sampler: StudySampler, teacher: StudySampler, direction: "f" | "b"): string {
  const [value, base] = [sampler, teacher].map((one) => rowIn(one, "w2", direction)?.value);
  if (sampler === teacher || value === undefined || base === undefined) return "–";
  return `${value > base ? "+" : "−"}${Math.abs(100 * (value / base - 1)).toFixed(0)} %`;
}

function sectionOf({ study, samplers }: StudyResult): string {
  const [teacher] = samplers;
  if (!teacher) return "";
  const metrics = Object.keys(titles) as (keyof typeof titles)[];
  const head = [
    ...["direction", "run", "steps", "W2 beside the teacher's"],
    ...Object.values(titles),
    "processor seconds for 1,000 rows",
  ];
  const lines = (["f", "b"] as const).flatMap((direction) => [
    ...samplers.map((sampler) =>
      lineOf([
        direction === "f" ? "forward" : "backward",
        sampler.of,
        String(sampler.steps),
        moreOf(sampler, teacher, direction),
        ...metrics.map((name) => cellOf(rowIn(sampler, name, direction))),
        direction === "f" ? digits(sampler.seconds) : "",
      ]),
    ),
    lineOf([
      direction === "f" ? "forward" : "backward",
      "_floor_",
      "",
      "",
      ...metrics.map((name) => digits(rowIn(teacher, name, direction)?.floor)),
      "",
    ]),
  ]);
  return `## ${study.name}

${study.about}.

${[lineOf(head), lineOf(head.map(() => "---")), ...lines].join("\n")}`;
}

/** The page of the study, written by `command`. */
export function stepsDocument(results: readonly StudyResult[], command: string): string {
  const { dsbm, commit, machine, date } = provenance();
  return `# Results: few steps

Runs of \`dsbm distill\` with four steps, sampled in one, two and four, beside the run that they learn from, and of flows
\`shortcut=true\`. The same held-out rows, 2,000 at most, for all. The displacement and the conditional variance of the teacher are kept if the pairs are kept. [How to do it](../guide/few-steps.md)

![W2 by number of steps, next to the teacher and the floor](few-steps.svg)

${results.map(sectionOf).join("\n\n")}

- **W2**: exact distance to the target. The floor is what two samples of the target score.
- **displacement**: mean squared distance of source and generated rows. Floor: optimal pairs of the same rows.
- **conditional variance**: the variance of eight draws of one source row, summed over columns.
- **variance ratio**: variance of generated rows by variance of the target.
- ± is half of a 95 % interval.

Written by \`${command}\`, one seed, one thread. dsbm ${dsbm}, commit ${commit ?? "unknown"}, ${machine}, ${date.slice(0, 10)}.
`;
}
