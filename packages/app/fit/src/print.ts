import { dataWarnings, marginalsOf } from "@dsbm/datasets";
import { alignColumns, firstOf } from "@dsbm/files";
import { duration, type Progress } from "@dsbm/runs";
import type { FitPlan } from "./plan.js";
import { isFitted } from "./rules/iterations.js";

/** What was read and held out, a line for each dataset. */
export const datasetLines = ({ datasets }: Pick<FitPlan, "datasets">): string[] =>
  datasets ? marginalsOf(datasets).map(({ about }) => about) : [];

/** Warnings about the data of a plan. */
export const planWarnings = ({ datasets }: Pick<FitPlan, "datasets">): string[] =>
  datasets ? dataWarnings(datasets) : [];

/** Prints each choice with its reason, then the forecast of the time. */
export function printPlan(
  { choices, own, config, time, forecast }: FitPlan,
  { line }: Pick<Progress, "line">,
): void {
  const visible = choices.filter(({ key, organising }) => !organising && key !== "max_minutes");
  const rows = visible.map(({ key, value, reason }) => [
    `${key}=${valueText(value)}`,
    `because ${reason === "" ? "it was given" : reason}`,
  ]);
  for (const row of alignColumns(rows)) line(row);
  if (isFitted(config)) line("time: a closed form, evaluation and report; no training steps");
  if (own.max_minutes === null) return;
  const steps = time
    .forecast()
    .map((n, i) => `${n} ${config.fb_sequence[i % config.fb_sequence.length]}`);
  line(
    `time: ${duration(60 * own.max_minutes)} in all, about ${duration(time.limit.reserve)} of it for evaluation and report; half-iterations of ${steps.join(", ")} steps, replanned during the run`,
  );
  for (const text of forecast) line(text);
}

/** A list of many columns would push the reasons off the screen. */
const valueText = (value: unknown): string =>
  Array.isArray(value) && value.length > 3 ? firstOf(value.map(String), 3) : String(value);
