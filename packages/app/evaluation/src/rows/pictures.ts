// Of pictures with labels: the part of the ends that a classifier takes for the wanted classes.

import { gaussianName } from "@dsbm/problem";
import type { QualityRow } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import type { Carried, MeasureOptions } from "../carried.js";
import { pictures } from "../live/classifier.js";
import { referenceClassifier, shareOfClasses } from "../live/reference-classifier.js";
import type { Subject } from "../subject.js";

/** The rows of a classifier; none without labels, and where it was stopped. */
export async function pictureRows(
  { direction, side, start, end, data }: Carried,
  { ends, vectors, trained }: Subject,
  options: MeasureOptions,
): Promise<QualityRow[]> {
  const labelled = ends.x0.classes.length + ends.x1.classes.length > 0;
  const wanted = ends[side];
  if (!options.wants("share") || (vectors && !ends.projection) || !labelled) return [];
  if (wanted.name === gaussianName) return [];
  const classifier = await referenceClassifier(ends, wanted, trained.config, options);
  try {
    if (!classifier || options.signal?.aborted) return [];
    const share = (x: Tensor) => shareOfClasses(classifier, pictures(wanted, x), wanted);
    const value = share(end);
    if (value === null) return [];
    return [
      {
        metric: "share",
        title: "share of the wanted classes",
        ...{ direction, value, low: null, high: null },
        ...{ floor: share(data), ceiling: share(start) },
        better: "higher",
        group: "ends",
        about: `the part of ${end.size(0)} ends that a small classifier of the data takes for the target's classes; floor: of ${data.size(0)} data; ceiling: of the untouched source`,
      },
    ];
  } finally {
    classifier?.model.dispose();
  }
}
