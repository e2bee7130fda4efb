// The metrics of a run of few steps next to its teacher's.

import { digits, nounOf } from "@dsbm/files";
import type { StepComparison, TeacherFacts } from "../run/few-steps.js";
import { directionNames } from "../run/quality.js";
import { box, cell, type Html, html } from "./page/html.js";

type SamplerColumn = StepComparison["samplers"][number];

const titleOf = ({ of, steps }: Pick<SamplerColumn, "of" | "steps">): string =>
  `${of === "teacher" ? "teacher, " : ""}${steps} ${nounOf(steps, "step")}`;

/** A row for each metric and direction, with its value for each sampler and its floor. */
export function comparisonRows({ samplers }: StepComparison) {
  const [first, ...others] = samplers;
  return (first?.rows ?? []).map((row) => {
    const same = ({ name, direction }: typeof row) =>
      name === row.name && direction === row.direction;
    const valueIn = ({ rows }: SamplerColumn) => rows.find(same)?.value ?? null;
    return {
      title: row.title,
      direction: directionNames[row.direction ?? "f"],
      values: [first, ...others].flatMap((one) =>
        one ? [{ sampler: titleOf(one), value: valueIn(one) }] : [],
      ),
      floor: row.floor,
    };
  });
}

/** The table of a run of few steps. */
export function fewStepsSection(comparison: StepComparison, teacher: TeacherFacts | null): Html[] {
  const rows = comparisonRows(comparison);
  const columns = rows[0]?.values.map(({ sampler }) => sampler) ?? [];
  const body = rows.map(
    ({ title, direction, values, floor }) =>
      html`<tr><th scope="row" class="metric">${title}</th>${[
        cell("Direction", direction, "text"),
        ...values.map(({ sampler, value }) => cell(sampler, digits(value))),
        cell("Floor", digits(floor)),
      ]}</tr>`,
  );
  const heads = [
    html`<th scope="col">Metric</th>`,
    html`<th scope="col" class="text">Direction</th>`,
    ...[...columns, "Floor"].map((name) => html`<th scope="col">${name}</th>`),
  ];
  const table = html`<table class="cards"><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table>`;
  const origin = teacher
    ? html`<p>This run draws in few steps what <code>${teacher.run}</code> (${teacher.method}) draws in ${teacher.steps}. It keeps a copy of that run’s networks. Columns are numbers of steps. If the displacement and the conditional variance equal the teacher’s values, the pairs of source and generated samples are kept, too.</p>`
    : null;
  return [...(origin ? [origin] : []), box("Few steps", table)];
}
