// Datasets with masses: a training row ends in its log mass.
import {
  type Chain,
  chainEndpoints,
  type Endpoints,
  intervalsOf,
  joinMass,
  mapConditions,
  methodFacts,
  rowsByMass,
  splitMass,
  stream,
} from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, type MassKey, massKeys } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import { cat, full, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import { datasetTimes, timeScale } from "./times.js";

/** The options that decide masses. */
export type MassConfig = Pick<
  CompleteTrainConfig,
  "method" | "mass_penalty" | "mass" | "weights" | "birth" | "death" | "data" | "times"
>;

/** Whether samples of the method have masses that change. */
const hasMass = ({ method, mass_penalty }: Pick<MassConfig, "method" | "mass_penalty">): boolean =>
  mass_penalty !== null || methodFacts(method).mass;

/** A note about missing masses; null if masses were given or are conserved. */
export function growthNote(config: MassConfig): string | null {
  const isGiven = massKeys.some((key) => config[key] !== null);
  if (isGiven || !hasMass(config)) return null;
  return "all datasets have equal mass, since no masses were given: growth rates only say which rows gain share from others. Row counts are sampling depth; give mass=, weights=, or birth= and death=";
}

/** Whether the growth rates of rows are given. */
export const hasPrior = ({ birth, death }: MassConfig): boolean => birth !== null || death !== null;

/**
 * Masses of the datasets relative to the first one: [1, …]; null without growth.
 * @throws {ConfigError} for another number of masses.
 */
export function relativeMasses(
  config: MassConfig,
  datasets: readonly EndpointData[],
): number[] | null {
  if (!hasMass(config)) return null;
  const masses = totalMasses(config, datasets);
  if (masses.length !== datasets.length)
    throw new ConfigError(
      `mass=${masses.join(",")} has ${masses.length} masses for ${datasets.length} datasets of method=${config.method}: write one for each, in the order of their times`,
    );
  return masses.map((m) => m / masses[0]);
}

function totalMasses(config: MassConfig, datasets: readonly EndpointData[]): readonly number[] {
  const { mass, weights } = config;
  if (typeof mass === "object" && mass !== null) return mass;
  const column = mass ?? weights;
  if (column !== null)
    return datasets.map(({ facts }) => facts?.masses[mass === null ? "weights" : "mass"] as number);
  if (!hasPrior(config)) return datasets.map(() => 1);
  const grown = priorsOf(config, datasets).map((prior) => tidy(() => prior.exp().mean().item()));
  return datasets.map((_, k) => grown.slice(0, k).reduce((product, factor) => product * factor, 1));
}

/**
 * The log mass [n] that rows of each dataset but the last gain by the next one, as birth − death says (the growth prior of
 * Waddington-OT, Schiebinger et al. 2019): g·Δt, so that their plan starts from masses a·exp(g·Δt).
 */
export function priorsOf(config: MassConfig, datasets: readonly EndpointData[]): Tensor[] {
  const spans = timeSpans(config, datasets.length);
  const known = datasets.slice(0, -1).map(({ rates }) => rates);
  return known.flatMap((rates, k) => (rates ? [tidy(() => rates.mul(spans[k]).keep())] : []));
}

/** Time between consecutive datasets, in the user's units. */
export function timeSpans(config: MassConfig, sets: number): number[] {
  const length = timeScale(config)?.length ?? 1;
  const times = datasetTimes(config, sets);
  return times.slice(1).map((time, k) => (time - times[k]) * length);
}

/** Few rows are drawn several times, so that light ones are there too. */
const drawsOfRow = 4;
const mostRows = 2048;

/**
 * A dataset with rows [n, …] drawn by the column of weights, and with growth rates [n] by the columns birth and death.
 * @throws {ConfigError} for data that are no table.
 */
export function weightedEnd(end: EndpointData, config: CompleteTrainConfig): EndpointData {
  const key = massKeys.find((one) => typeof config[one] === "string");
  if (key === undefined) return end;
  if (end.masses === null || end.facts === null)
    throw new ConfigError(
      `${key}=${config[key]} is a column of tables, got ${end.name}: leave it out`,
    );
  const names = Object.keys(end.facts.masses);
  const column = (split: Split, name: MassKey): Tensor | null => {
    const place = names.indexOf(name);
    return place < 0 ? null : (end.masses?.[split].select(1, place) ?? null);
  };
  const drawn = (split: Split) => {
    const weights = column(split, "weights");
    if (!weights) return null;
    const n = weights.size(0);
    // Held-out rows count as many as they are worth, for honest intervals.
    const worth = Math.ceil(weights.sum().square().div(weights.square().sum()).item() || 0);
    const count =
      split === "test" ? Math.max(2, worth) : Math.max(n, Math.min(drawsOfRow * n, mostRows));
    const generator = stream(config.seed, `weights/${end.name}/${split}`);
    return rowsByMass(weights, count).indexSelect(0, randperm(count, { generator })).keep();
  };
  return tidy(() => {
    const rows = { train: drawn("train"), test: drawn("test") };
    const rowsOfTime = (split: Split) => (t: Tensor) => {
      const index = rows[split];
      return index ? t.indexSelect(0, index).keep() : t;
    };
    const birth = column("train", "birth");
    const loss = column("train", "death")?.neg() ?? null;
    const rates = birth && loss ? birth.add(loss) : (birth ?? loss);
    const conditions = end.conditions && {
      train: mapConditions(end.conditions.train, rowsOfTime("train")) ?? {},
      test: mapConditions(end.conditions.test, rowsOfTime("test")) ?? {},
    };
    return {
      ...end,
      train: rowsOfTime("train")(end.train),
      test: rowsOfTime("test")(end.test),
      conditions,
      order: rows.train ? { train: null, test: null } : end.order,
      rates: rates && rowsOfTime("train")(rates.to("float32").keep()),
    };
  });
}

/**
 * Training tables of a time course, or with masses: new tensors [n, …]. Null if the datasets themselves are enough.
 * @throws {ConfigError} for images with masses.
 */
export function trainingTables(
  datasets: readonly EndpointData[],
  chain: Chain | null,
  config: CompleteTrainConfig,
): Endpoints | null {
  const masses = relativeMasses(config, datasets);
  const rowsOf = (end: EndpointData, k: number): Tensor => {
    const x = end.plain(end.train);
    return masses ? withMass(x, masses[k]) : x;
  };
  const row = (end: EndpointData, k: number) => ({
    x: rowsOf(end, k),
    conditions: end.conditions?.train,
  });
  const made = chain
    ? tidy(() => chainEndpoints(datasets.map(row), chain))
    : masses && twoTables(datasets, rowsOf);
  return made && hasPrior(config) ? withPriors(made, priorsOf(config, datasets)) : made;
}

function twoTables(
  datasets: readonly EndpointData[],
  rowsOf: (end: EndpointData, k: number) => Tensor,
): Endpoints {
  const [x0, x1] = datasets as [EndpointData, EndpointData];
  const copied = (end: EndpointData) =>
    mapConditions(end.conditions?.train, (t) => t.clone().keep());
  return tidy(() => ({
    x0: rowsOf(x0, 0).keep(),
    x1: rowsOf(x1, 1).keep(),
    conditions: { x0: copied(x0), x1: copied(x1) },
  }));
}

/** Adds the priors to the log masses of sources, in the units of their intervals. */
function withPriors(tables: Endpoints, priors: readonly Tensor[]): Endpoints {
  return tidy(() => {
    const units = tables.chain ? intervalsOf(tables.chain).map(({ unit }) => unit) : [1];
    const { x, logMass } = splitMass(tables.x0);
    const prior = cat(priors.map((one, k) => one.div(units[k])));
    const x0 = joinMass(x, logMass.add(prior.to({ device: x.device }))).keep();
    tables.x0.dispose();
    return { ...tables, x0 };
  });
}

function withMass(x: Tensor, mass: number): Tensor {
  if (x.ndim !== 2)
    throw new ConfigError(
      `samples of shape [${x.shape.slice(1)}] have no growth: write a method without masses, such as method=dsbm`,
    );
  const { device, dtype } = x;
  return joinMass(x, full([x.size(0)], Math.log(mass), { device, dtype }));
}
