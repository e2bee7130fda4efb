// Several data sets in a row.
import { type Chain, chainEndpoints, chainOf, type Endpoints, methodNamed } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";

/** The times of several data sets; null where there are two. */
export function configChain({
  Dataset_between,
  times,
  method,
}: Pick<CompleteTrainConfig, "Dataset_between" | "times" | "method">): Chain | null {
  if (Dataset_between === null) return null;
  const intervals = Dataset_between.length + 1;
  // Discrete DSB is made of numbers that say nothing here.
  if (method === "dsb" || !methodNamed(method).rows?.chains)
    throw new ConfigError(
      "usage",
      `method=${method} is for two data sets, got ${intervals + 1}: write method=dsbm, sf2m or alpha_dsbm`,
    );
  return chainOf(times ?? Array.from({ length: intervals + 1 }, (_, k) => k / intervals));
}

/** Training rows of all intervals as networks take them, new tensors. */
export function chainTables(ends: readonly EndpointData[], chain: Chain): Endpoints {
  return tidy(() =>
    chainEndpoints(
      ends.map(({ train, plain, conditions }) => ({
        x: plain(train),
        conditions: conditions?.train,
      })),
      chain,
    ),
  );
}
