// Of pictures with labels: the part of the ends that a classifier takes for the wanted classes.
import type { QualityRow } from "@dsbm/runs";
import { openClassifier } from "../../evaluation/classifier.js";
import type { Evaluator } from "../../evaluation/evaluator.js";
import type { Progress } from "../../terminal/progress.js";
import type { Carried } from "../carried.js";
import type { Subject } from "../subject.js";
import type { MeasureOptions } from "./ends.js";

/** The rows of a classifier; none without labels, null where it was stopped. */
export async function pictureRows(
  carried: Carried,
  { ends, vectors, trained }: Subject,
  {
    wants,
    progress,
    signal,
  }: MeasureOptions & { progress: Progress; signal?: AbortSignal | undefined },
): Promise<QualityRow[] | null> {
  const labelled = ends.x0.classes.length + ends.x1.classes.length > 0;
  if (!wants("share") || (vectors && !ends.projection) || !labelled) return [];
  const classifier = await openClassifier(ends, trained.config, { progress, signal });
  if (!classifier) return null;
  try {
    return rowsOf(carried, classifier);
  } finally {
    classifier[Symbol.dispose]?.();
  }
}

function rowsOf(
  { direction, side, start, end, data, given }: Carried,
  classifier: Evaluator,
): QualityRow[] {
  const at = { half: 0, direction, step: 0 };
  const of = (x: typeof end) =>
    classifier.measure({
      at,
      side,
      steps: 0,
      split: "test",
      start,
      end: x,
      data,
      given,
      states: null,
    });
  const { share, data_share } = of(end);
  if (typeof share !== "number") return [];
  return [
    {
      metric: "share",
      title: "share of the wanted classes",
      ...{ direction, value: share, low: null, high: null },
      floor: data_share ?? null,
      ceiling: of(start).share ?? null,
      better: "higher",
      group: "ends",
      about: `the part of ${end.size(0)} ends that a small classifier of the data takes for the target's classes; floor: of ${data.size(0)} data; ceiling: of the untouched source`,
    },
  ];
}
