import { type Chain, chainEndpoints, chainOf, type Endpoints, methodNamed } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { ConfigError, processTimes } from "@dsbm/config";
import { type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";

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
      "usage",
      `method=${method} is for two datasets, got ${intervals + 1}: write method=dsbm, sf2m, otcfm, alpha_dsbm or wfr`,
    );
  return chainOf(
    times
      ? processTimes({ times }, times)
      : Array.from({ length: intervals + 1 }, (_, k) => k / intervals),
  );
}

/** Training rows of all intervals in the network's units, as new tensors. */
export function chainTables(
  ends: readonly EndpointData[],
  rowsOf: (end: EndpointData, k: number) => Tensor,
  chain: Chain,
): Endpoints {
  return tidy(() =>
    chainEndpoints(
      ends.map((end, k) => ({ x: rowsOf(end, k), conditions: end.conditions?.train })),
      chain,
    ),
  );
}
