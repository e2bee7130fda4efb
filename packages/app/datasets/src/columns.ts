// Columns of tables: their units, conditions, limits and principal components.
import { BridgeError, type Conditions } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import {
  boundsOf,
  type ColumnBounds,
  type ColumnCategory,
  type ColumnCondition,
  type ColumnTransform,
  categoryBlocks,
  checkOneModel,
  componentShrinkage,
  type DataDescription,
  describeTables,
  type EmbeddingPlace,
  encodeCondition,
  fitCondition,
  fitTransform,
  type Limits,
  limitsOf,
  principalComponents,
  type RowBlocks,
  RowUnits,
  type Split,
  setting,
  type TableFacts,
} from "@dsbm/data";
import { cat, type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import type { Datasets } from "./datasets.js";
import { dependentsOf } from "./dependents.js";

/** Shared facts of the columns of all tables. */
export interface Columns {
  /** Names of the columns that the bridge has. */
  names: readonly string[];
  /** Whether the tables had names; otherwise the columns are c0, c1, … */
  named: boolean;
  /** Categories, whose levels are columns. */
  categories: readonly ColumnCategory[];
  /** Names of the columns of data.keep. */
  kept: readonly string[];
  /** The column of data.condition; null without one. */
  condition: ColumnCondition | null;
  /** Units of the columns. */
  transform: ColumnTransform;
  /** Smallest and largest values of each column. */
  bounds: ColumnBounds;
  /** Ranges that samples keep; null: none. */
  limits: Limits | null;
  /** The source, with the model that made its columns. */
  model: EmbeddingPlace;
  /** The text of data.json. */
  description: DataDescription;
}

/**
 * Standardises columns of tables, in place. Returns null if neither source nor target is a table.
 * @throws {ConfigError} for data.layer of another format and values too large for float32, and a DatasetError for coordinates of two models.
 */
export function columnEnds(datasets: EndpointData[], config: CompleteTrainConfig): Columns | null {
  const facts = datasets.flatMap((end) => end.facts ?? []);
  const { layer } = config.data;
  if (layer !== null && !facts.some(({ path }) => path.endsWith(".h5ad")))
    throw new ConfigError(
      `data.layer=${layer} is a matrix of a .h5ad file, got ${datasets.map(({ name }) => name).join(" and ")}: leave data.layer out`,
    );
  const [first] = facts;
  if (!first) return null;
  const other = datasets.find((end) => end.facts === null);
  if (other)
    throw new ConfigError(
      `a table needs a table as the other dataset, got ${datasets.map(({ name }) => name).join(" and ")}: give two tables, or write transfer=false for a Gaussian at time 1`,
    );
  for (const table of facts) checkOneModel(first, table);
  const transform = fitTransform(facts, config.data.standardise);
  checkScale(facts, transform);
  const condition = fitCondition(facts);
  const bounds = boundsOf(facts);
  const limits = limitsOf(first.columns, bounds, config.data);
  const description = describeTables(facts, {
    transform,
    conditioning: condition,
    bounds,
    limits,
    dependents: dependentsOf(datasets, transform, config),
    components: config.data.components,
  });
  // Rows made for each epoch are in memory together with their data; projectDatasets makes rows of its own.
  const isWhole = areFew(datasets);
  const isInMemory = config.cache === "epoch" || (config.data.components !== null && isWhole);
  for (const [i, end] of datasets.entries()) {
    const seen = standardiseRows(end, { transform, condition, limits });
    datasets[i] = isInMemory ? inMemory(seen, { isWhole }) : seen;
  }
  const { columns: names, named, categories, kept } = first;
  return {
    names,
    named,
    categories,
    kept,
    condition,
    transform,
    bounds,
    limits,
    model: first,
    description,
  };
}

function standardiseRows(
  end: EndpointData,
  { transform, condition, limits }: Pick<Columns, "transform" | "condition" | "limits">,
): EndpointData {
  const { columns, categories, offset } = end.facts as TableFacts;
  const units = new RowUnits(transform, offset, limits, categoryBlocks(columns, categories));
  const apply = (rows: Tensor) => units.apply(rows);
  return {
    ...end,
    decode: apply,
    plain: apply,
    conditions: condition && conditionsOf(end, condition),
    shown: (rows) => units.undo(rows),
    generated: categories.length > 0 ? (rows) => units.withLevels(rows) : null,
    dispose() {
      end.dispose?.();
      units.dispose();
    },
  };
}

function conditionsOf(
  { raw, facts }: EndpointData,
  condition: ColumnCondition,
): Record<Split, Conditions> {
  const classes = facts?.condition?.classes;
  const of = (split: Split) => ({
    cond: encodeCondition(condition, raw?.[split] as Tensor, classes),
  });
  return { train: of("train"), test: of("test") };
}

/** A value has at most this many standard deviations: float32 holds seven digits. */
const mostDeviations = 1e12;
/** A column is at most this many times as wide as its middle half. */
const mostInterquartiles = 1e9;

function checkScale(
  facts: readonly TableFacts[],
  { mean, std, standardise }: ColumnTransform,
): void {
  for (const { path, columns, range, spread } of facts)
    for (const [k, name] of columns.entries()) {
      const low = range.min[k];
      const high = range.max[k];
      const worst = Math.abs(low) > Math.abs(high) ? low : high;
      const iqr = spread[k];
      if (iqr > 0 && high - low > mostInterquartiles * iqr)
        throw new ConfigError(
          `${path}: column ${name} has ${worst}, but half of its values lie within ${iqr}: expected no codes for missing values; make them empty, or write ${setting("data.exclude", [name])}`,
        );
      if (Math.abs(worst - mean[k]) / (std[k] || 1) > mostDeviations)
        throw new ConfigError(
          `${path}: column ${name} has ${worst}, too large for float32 with data.standardise=${standardise}: expected less than ${mostDeviations}; write data.standardise=columns`,
        );
    }
}

/**
 * Projects samples on the principal components of both training sets; null without data.components.
 * @throws {ConfigError} for samples of several shapes, for more components than samples, and for data.shrink_components without
 * components or of too many rows.
 */
export function projectDatasets(
  datasets: EndpointData[],
  { data }: CompleteTrainConfig,
): Datasets["projection"] {
  const { components: k, shrink_components } = data;
  if (k === null) {
    if (!shrink_components) return null;
    throw new ConfigError(
      "data.shrink_components=true needs principal components: write data.components=50",
    );
  }
  const [first] = datasets as [EndpointData];
  const shape = first.train.shape.slice(1);
  const other = datasets.find(({ train }) => `${train.shape.slice(1)}` !== `${shape}`);
  if (other)
    throw new ConfigError(
      `data.components=${k} needs one shape of samples in all datasets, got [${shape}] of ${first.name} and [${other.train.shape.slice(1)}] of ${other.name}`,
    );
  const components = tidy(() => {
    try {
      return principalComponents(trainingRows(datasets), { k });
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      throw new ConfigError(`data.components=${k}: ${error.message}`);
    }
  });
  const isWhole = areFew(datasets);
  if (shrink_components && !isWhole)
    throw new ConfigError(
      `data.shrink_components=true needs at most ${numbersInMemory} numbers of training rows: write data.shrink_components=false`,
    );
  const shrinkage = shrink_components ? shrinkageOf(datasets, k) : null;
  const held = components.explained.reduce((sum, part) => sum + part, 0);
  for (const [i, end] of datasets.entries())
    datasets[i] = {
      ...inMemory(end, {
        isWhole,
        change: (rows) => components.project(rows),
        changeTraining: (z) => (shrinkage ? z.mul(shrinkage) : z),
      }),
      // A level of principal components is known in the columns only.
      generated: null,
      about: `${end.about}, ${k} principal components hold ${(100 * held).toFixed(1)} % of the variance`,
      shown(rows) {
        return tidy(() => {
          const x = components.reconstruct(rows).reshape([rows.size(0), ...shape]);
          return end.shown?.(x) ?? x;
        });
      },
    };
  shrinkage?.dispose();
  return { components, shape };
}

/** Factors of the components of all training rows, [k]. */
const shrinkageOf = (datasets: readonly EndpointData[], k: number): Tensor =>
  tidy(() => {
    const [rows] = trainingRows(datasets).blocks();
    return componentShrinkage(rows, k).to(rows.dtype).keep();
  });

/** Training rows of up to so many numbers are one block. */
const numbersInMemory = 2 ** 27;
const numbersInBlock = 2 ** 22;

/** Whether the training rows of all datasets fit into memory, with copies of them. */
const areFew = (datasets: readonly EndpointData[]): boolean =>
  datasets.reduce((sum, { train }) => sum + train.size(0), 0) * sizeOfSample(datasets[0].train) <=
  numbersInMemory;

/** The training rows of all datasets, one after the other; few are one block. */
function trainingRows(datasets: readonly EndpointData[]): RowBlocks {
  const n = datasets.reduce((sum, { train }) => sum + train.size(0), 0);
  const d = sizeOfSample(datasets[0].train);
  const flatRows = ({ plain }: EndpointData, rows: Tensor) =>
    tidy(() => plain(rows).flatten({ startDim: 1 }));
  return {
    n,
    d,
    *blocks() {
      if (areFew(datasets)) yield cat(datasets.map((end) => flatRows(end, end.train)));
      else
        for (const end of datasets)
          for (const rows of blocksOf(end.train)) yield flatRows(end, rows);
    },
  };
}

const sizeOfSample = ({ shape }: Tensor): number =>
  shape.slice(1).reduce((product, length) => product * length, 1);

/** Rows [n, …] in blocks. */
function* blocksOf(rows: Tensor): Generator<Tensor> {
  const n = rows.size(0);
  const count = Math.max(1, Math.floor(numbersInBlock / sizeOfSample(rows)));
  for (let first = 0; first < n; first += count)
    yield rows.narrow(0, first, Math.min(count, n - first));
}

/** A dataset with decoded and changed rows, in one block or more; disposes the previous rows. */
function inMemory(
  end: EndpointData,
  {
    isWhole,
    change = (rows) => rows,
    changeTraining = (rows) => rows,
  }: {
    isWhole: boolean;
    change?: (rows: Tensor) => Tensor;
    changeTraining?: (rows: Tensor) => Tensor;
  },
): EndpointData {
  const made = (rows: Tensor, more = (same: Tensor) => same) => {
    const changed = tidy(() => {
      const parts = (isWhole ? [rows.narrow(0, 0, rows.size(0))] : [...blocksOf(rows)]).map(
        (block) => tidy(() => more(change(end.plain(block)))),
      );
      return (parts.length === 1 ? parts[0] : cat(parts)).keep();
    });
    rows.dispose();
    return changed;
  };
  const asIs = (rows: Tensor) => rows;
  const train = made(end.train, changeTraining);
  return { ...end, train, test: made(end.test), decode: asIs, plain: asIs };
}
