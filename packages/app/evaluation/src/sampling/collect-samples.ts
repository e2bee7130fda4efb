// The samples of one direction with all that metrics read: states, energies, masses and further target rows.
import { mapConditions, sourceOf, targetOf } from "@dsbm/bridge";
import { testConditions, testRows } from "@dsbm/datasets";
import type { Tensor } from "@dsbm/torch";
import type { MeasurementContext, Metric, SampleSet } from "../metric.js";
import { whyNot } from "../set-measurement.js";
import { KeptTensors } from "../tensors.js";
import type { SamplingWork } from "./affordable-rows.js";
import { checkFinite } from "./divergence.js";
import { PathRecord } from "./path-record.js";
import { byMass, sampleInBatches } from "./sample-in-batches.js";

/** A set with the cost of its samples; dispose it. */
interface CollectedSamples extends Disposable {
  set: SampleSet;
  nfe: number;
  batches: number;
  seconds: number;
}

interface CollectOptions extends Pick<SamplingWork, "sampling" | "direction"> {
  /** The set keeps the states that applicable metrics need. */
  metrics: readonly Metric[];
  /** The half-iteration of the generating parameters; null if unknown. */
  half: number | null;
  /** Whether the time allows all rows. */
  isWhole: boolean;
}

/**
 * Generates the samples of a direction from at most `n` rows of the context. Returns null if it was stopped.
 * @throws {DivergedError} for NaN and infinite samples.
 */
export async function collectSamples(
  context: MeasurementContext,
  { metrics, half, isWhole, sampling, direction }: CollectOptions,
): Promise<CollectedSamples | null> {
  const { subject } = context;
  const { seed, progress, signal } = context.options;
  const kept = new KeptTensors();
  let paths: PathRecord | null = null;
  const dispose = () => {
    kept[Symbol.dispose]();
    paths?.[Symbol.dispose]();
  };
  try {
    const endpoints = endpointRows(context, direction, kept);
    const { sourceRows, conditions, target } = endpoints;
    const needs = metrics.filter(
      (metric) => whyNot(metric, { direction, target, sampling }, context) === null,
    );
    paths = new PathRecord(subject, needs, { sampling, direction, n: sourceRows.size(0), isWhole });
    const began = performance.now();
    const samples = await sampleInBatches(subject.bridge, direction, sourceRows, {
      sampling,
      seed,
      purpose: `quality/${direction}/there`,
      conditions,
      label: `measuring ${direction}`,
      progress,
      signal,
      visit: paths.visit,
      energies: paths.energy !== null,
    });
    if (!samples) {
      dispose();
      return null;
    }
    const { end, weights, nfe, batches } = samples;
    for (const tensor of [end, weights]) if (tensor) kept.add(tensor);
    checkFinite(end, { direction, half });
    const isWritten = subject.datasets[target].generated !== null;
    const generatedRows = isWritten ? kept.keep(() => subject.written(target, end)) : end;
    const states = paths.states(kept);
    const found = { generatedRows, weights, states, energy: paths.energy };
    const set = { ...endpoints, direction, sampling, unit: subject.unit, ...found };
    return {
      set: weights ? resampledSet(set, weights, kept) : set,
      nfe,
      batches,
      seconds: (performance.now() - began) / 1000,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** A set whose pairs are drawn by their masses [n]. */
function resampledSet(set: SampleSet, weights: Tensor, { keep }: KeptTensors): SampleSet {
  const drawn = (t: Tensor) => keep(() => byMass(t, weights));
  const { sourceRows, generatedRows, conditions } = set;
  return {
    ...set,
    sourceRows: drawn(sourceRows),
    generatedRows: drawn(generatedRows),
    conditions: mapConditions(conditions, drawn),
  };
}

type EndpointRows = Pick<
  SampleSet,
  "key" | "source" | "target" | "sourceRows" | "targetRows" | "conditions" | "floorRows"
>;

/** The source rows of a direction, the target rows to compare with, and further target rows. */
function endpointRows(
  { subject: { datasets }, options }: MeasurementContext,
  direction: SampleSet["direction"],
  { keep }: KeptTensors,
): EndpointRows {
  const { split, seed } = options;
  const from = sourceOf(direction);
  const side = targetOf(direction);
  // The reserve of held-out rows is training rows; the reserve of training rows is further training
  // rows.
  const isHeldOut = split === "test";
  const total = Math.min(2 * options.n, datasets[side].train.size(0));
  const m = isHeldOut ? options.n : Math.floor(total / 2);
  const spare = isHeldOut ? Math.min(4 * options.n, datasets[side].train.size(0)) : total - m;
  const n = Math.min(options.n, datasets[from][split].size(0), spare);
  let reserve: Tensor | null = null;
  return {
    key: `${direction}/${split}/${n}`,
    source: from,
    target: side,
    targetRows: keep(() => testRows(datasets[side], m, seed, split)),
    sourceRows: keep(() => testRows(datasets[from], n, seed, split)),
    conditions: testConditions(datasets, from, n, split),
    floorRows() {
      reserve ??= keep(() =>
        isHeldOut
          ? testRows(datasets[side], spare, seed, "train")
          : testRows(datasets[side], total, seed, "train").narrow(0, m, spare),
      );
      return reserve;
    },
  };
}
