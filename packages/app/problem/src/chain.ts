import { type Chain, chainOf, methodNamed } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { datasetTimes } from "./times.js";

/** Null for two datasets. */
export function configChain({
  Dataset_between,
  times,
  method,
}: Pick<CompleteTrainConfig, "Dataset_between" | "times" | "method">): Chain | null {
  if (Dataset_between === null) return null;
  const intervals = Dataset_between.length + 1;
  // The numbers of discrete DSB have no effect here.
  if (method === "dsb" || !methodNamed(method).rows?.chains)
    throw new ConfigError(
      `method=${method} is for two datasets, got ${intervals + 1}: write method=dsbm, sf2m, otcfm, alpha_dsbm or wfr`,
    );
  return chainOf(datasetTimes({ times }, intervals + 1));
}
