// Both ends in the coordinates of their common principal components.
import { BridgeError } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { principalComponents } from "@dsbm/data";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { DataEnd, Ends } from "./ends.js";

/** Replaces the samples of both ends by their coordinates along the principal components of both training sets. */
export function projected(ends: DataEnd[], { data }: CompleteTrainConfig): Ends["projection"] {
  const k = data.components as number;
  const [first] = ends as [DataEnd];
  const shape = first.train.shape.slice(1);
  const other = ends.find(({ train }) => `${train.shape.slice(1)}` !== `${shape}`);
  if (other)
    throw new UsageError(
      `data.components=${k} needs samples of one shape at both ends, got [${shape}] of ${first.name} and [${other.train.shape.slice(1)}] of ${other.name}`,
    );
  const components = tidy(() => {
    try {
      return principalComponents(cat(ends.map(({ train, plain }) => plain(train))), { k });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      throw new UsageError(`data.components=${k}: ${error.message}`);
    }
  });
  const held = components.explained.reduce((sum, part) => sum + part, 0);
  for (const [i, end] of ends.entries()) {
    const project = (rows: Tensor) => {
      const points = tidy(() => components.project(end.plain(rows)).keep());
      rows.dispose();
      return points;
    };
    ends[i] = {
      ...end,
      train: project(end.train),
      test: project(end.test),
      about: `${end.about}, ${k} principal components hold ${(100 * held).toFixed(1)} % of the variance`,
      decode: (rows) => rows,
      plain: (rows) => rows,
      shown(rows) {
        return tidy(() => {
          const x = components.reconstruct(rows).reshape([rows.size(0), ...shape]);
          return end.shown?.(x) ?? x;
        });
      },
    };
  }
  return { components, shape };
}
