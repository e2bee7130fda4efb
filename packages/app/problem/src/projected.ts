import { BridgeError } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { principalComponents } from "@dsbm/data";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import type { Datasets } from "./datasets.js";

/** Projects samples on the principal components of both training sets. */
export function projected(
  datasets: EndpointData[],
  { data }: CompleteTrainConfig,
): Datasets["projection"] {
  const k = data.components as number;
  const [first] = datasets as [EndpointData];
  const shape = first.train.shape.slice(1);
  const other = datasets.find(({ train }) => `${train.shape.slice(1)}` !== `${shape}`);
  if (other)
    throw new ConfigError(
      `data.components=${k} needs one shape of samples in all datasets, got [${shape}] of ${first.name} and [${other.train.shape.slice(1)}] of ${other.name}`,
    );
  const components = tidy(() => {
    try {
      return principalComponents(cat(datasets.map(({ train, plain }) => plain(train))), { k });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      throw new ConfigError(`data.components=${k}: ${error.message}`);
    }
  });
  const held = components.explained.reduce((sum, part) => sum + part, 0);
  for (const [i, end] of datasets.entries())
    datasets[i] = {
      ...inMemory(end, (rows) => components.project(rows)),
      about: `${end.about}, ${k} principal components hold ${(100 * held).toFixed(1)} % of the variance`,
      shown(rows) {
        return tidy(() => {
          const x = components.reconstruct(rows).reshape([rows.size(0), ...shape]);
          return end.shown?.(x) ?? x;
        });
      },
    };
  return { components, shape };
}

/** A dataset with decoded and changed rows; disposes the previous rows. */
export function inMemory(end: EndpointData, change = (rows: Tensor): Tensor => rows): EndpointData {
  const made = (rows: Tensor) => {
    const changed = tidy(() => change(end.plain(rows)).keep());
    rows.dispose();
    return changed;
  };
  const asIs = (rows: Tensor) => rows;
  return { ...end, train: made(end.train), test: made(end.test), decode: asIs, plain: asIs };
}
