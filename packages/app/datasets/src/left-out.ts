// Datasets without one time of a course, or without one part of the rows.
import { disposeSome, type Endpoint, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { cat, randperm, type Tensor, tidy } from "@dsbm/torch";
import { disposeDataset, type EndpointData, marginalsOf } from "./dataset.js";
import { type Datasets, largestBatch } from "./datasets.js";
import { GrowthMemo } from "./growth-estimate.js";
import { trainingTables } from "./masses.js";
import { configChain } from "./times.js";

/** A course without its inner dataset k = 1, 2, …; `dispose` frees what is not of the whole. */
export function withoutDataset(
  config: CompleteTrainConfig,
  datasets: Datasets,
  k: number,
): { config: CompleteTrainConfig; datasets: Datasets } {
  const others = <T>(all: readonly T[]) => all.filter((_, i) => i !== k);
  const { Dataset_between, data, mass } = config;
  const between = (names: string[] | null) => names?.filter((_, i) => i !== k - 1) ?? null;
  const names = between(Dataset_between);
  const fewer: CompleteTrainConfig = {
    ...config,
    Dataset_between: names?.length ? names : null,
    times: others(config.times ?? datasets.chain?.times ?? []),
    mass: typeof mass === "object" && mass !== null ? others(mass) : mass,
    data: { ...data, between: between(data.between) },
  };
  const all = others(marginalsOf(datasets));
  const chain = configChain(fewer);
  const rows = trainingTables(all, chain, fewer);
  const growth = new GrowthMemo();
  const rest: Datasets = {
    ...datasets,
    growth,
    between: all.slice(1, -1),
    chain,
    rows,
    dispose() {
      growth.dispose();
      if (rows) disposeSome(rows);
    },
  };
  // Fewer intervals have fewer rows.
  const batch_size = Math.min(fewer.batch_size, largestBatch(fewer, rest));
  return { config: { ...fewer, batch_size }, datasets: rest };
}

/** Parts of a cross-validation. */
export const folds = 3;

/**
 * All rows of source and target, of which part k = 1, 2, … of `folds` is held out. `dispose` frees
 * what is not of the whole.
 */
export function withoutRows(datasets: Datasets, k: number, seed: number): Datasets {
  const cut = (side: Endpoint): EndpointData => {
    const end = datasets[side];
    const all = cat([end.train, end.test]);
    const others = randperm(all.size(0), { generator: stream(seed, `folds/${side}`) })
      .to({ device: all.device })
      .chunk(folds);
    const fold = others.splice(k - 1, 1);
    const rows = (parts: Tensor[]) => all.indexSelect(0, cat(parts)).keep();
    return {
      ...end,
      test: rows(fold),
      train: rows(others),
      order: { train: null, test: null },
      dispose: undefined,
    };
  };
  const ends = tidy(() => ({ x0: cut("x0"), x1: cut("x1") }));
  const growth = new GrowthMemo();
  return {
    ...datasets,
    ...ends,
    growth,
    dispose() {
      growth.dispose();
      Object.values(ends).forEach(disposeDataset);
    },
  };
}
