// Datasets with masses: a training row ends in its log mass.
import { type Chain, type Endpoints, joinMass, mapConditions, methodNamed } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { full, type Tensor, tidy } from "@dsbm/torch";
import { chainTables } from "./chain.js";
import type { EndpointData } from "./dataset.js";

const hasMass = ({ method }: Pick<CompleteTrainConfig, "method">): boolean =>
  method !== "dsb" && methodNamed(method).mass === true;

/**
 * Masses of the datasets relative to the first, as weights of its samples: [1, …]; null without
 * growth. Throws a ConfigError for another number of masses.
 */
export function relativeMasses(
  config: Pick<CompleteTrainConfig, "method" | "mass">,
  sets: number,
): number[] | null {
  const { mass, method } = config;
  if (!hasMass(config)) return null;
  const masses = mass ?? Array.from({ length: sets }, () => 1);
  if (masses.length !== sets)
    throw new ConfigError(
      "usage",
      `mass=${masses.join(",")} has ${masses.length} masses for ${sets} data sets of method=${method}: write one for each, in the order of their times`,
    );
  return masses.map((m) => m / (masses[0] as number));
}

/**
 * Training tables of a time course, or with masses: new tensors. Null if the datasets themselves
 * are enough.
 */
export function trainingTables(
  ends: readonly EndpointData[],
  chain: Chain | null,
  config: CompleteTrainConfig,
): Endpoints | null {
  const masses = relativeMasses(config, ends.length);
  const rowsOf = (end: EndpointData, k: number): Tensor => {
    const x = end.plain(end.train);
    return masses ? withMass(x, masses[k] as number) : x;
  };
  if (chain) return chainTables(ends, rowsOf, chain);
  if (!masses) return null;
  const [x0, x1] = ends as [EndpointData, EndpointData];
  const copied = (end: EndpointData) =>
    mapConditions(end.conditions?.train, (t) => t.clone().keep());
  return tidy(() => ({
    x0: rowsOf(x0, 0).keep(),
    x1: rowsOf(x1, 1).keep(),
    conditions: { x0: copied(x0), x1: copied(x1) },
  }));
}

function withMass(x: Tensor, mass: number): Tensor {
  if (x.ndim !== 2)
    throw new ConfigError(
      "usage",
      `samples of shape [${x.shape.slice(1)}] have no growth: write a method without masses, such as method=dsbm`,
    );
  const { device, dtype } = x;
  return joinMass(x, full([x.size(0)], Math.log(mass), { device, dtype }));
}

const rowsOfDelta = 1000;

/** Half of the 0.9 quantile of the distances between rows of consecutive datasets. */
export function usualDelta(ends: readonly EndpointData[]): number {
  return tidy(() => {
    const some = ends.map(({ train, plain }) =>
      plain(train.narrow(0, 0, Math.min(rowsOfDelta, train.size(0)))),
    );
    const distances = some.slice(1).flatMap((x, k) => (some[k] as Tensor).cdist(x).toNumbers());
    distances.sort((a, b) => a - b);
    return (distances[Math.floor(0.9 * distances.length)] as number) / 2;
  });
}
