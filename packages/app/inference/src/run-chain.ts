// Two runs in a row: the samples of the first are the inputs of the second, such as bias correction and finer fields.
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { FieldUnits, firstOf } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import { Bridge } from "./bridge.js";
import type { GeneratedSamples } from "./bridge-options.js";
import { FieldEncoder } from "./field-encoder.js";
import { openConditions } from "./input/conditions.js";
import { disposeRows, type Input } from "./input/input.js";
import { ownFields } from "./output/fields.js";
import type { RunChannels } from "./saved-channels.js";

/** The second of two runs of fields, which takes the samples of the first one. */
export class RunChain implements Disposable {
  /** The second run. */
  readonly bridge: Bridge;
  readonly #units: FieldUnits;
  readonly #channels: RunChannels;
  readonly #encoder: FieldEncoder;
  /** The places of the variables of the second run among the variables of the first run. */
  readonly #order: readonly number[];
  readonly #keys: Pick<SampleConfig, "seed" | "steps" | "solver">;
  #conditionsOf: ReturnType<typeof openConditions> = () => undefined;

  /**
   * Opens the run `then`.
   * @throws {ConfigError} for runs of other data than fields, other variables, units or grids, a class or a condition, and paths
   */
  constructor(first: Bridge, then: string, config: SampleConfig) {
    const { channels, folder } = first.trained;
    const { seed, steps, solver, threads, path, direction } = config;
    this.bridge = Bridge.open(then, { threads, device: config.device });
    const next = this.bridge.trained;
    const takesOthers = next.config.cdsb || next.conditioning.classes;
    if (!channels || !next.channels || takesOthers || path || direction === "b") {
      this.bridge.dispose();
      throw new ConfigError(
        `then=${then} takes the samples of ${folder}, forward: expected two runs of NetCDF files without conditions of arrays, and neither path=true nor direction=b`,
      );
    }
    this.#keys = { seed, steps, solver };
    this.#channels = channels;
    try {
      this.#order = channelOrder(channels, next.channels, { folder, then });
      this.#encoder = openEncoder(this.bridge, { folder, channels, order: this.#order });
    } catch (error) {
      this.bridge.dispose();
      throw error;
    }
    this.#units = new FieldUnits(channels);
  }

  /** What happened to the samples between the runs: converted units and missing values. */
  notes(): string[] {
    return this.#encoder.notes();
  }

  /**
   * Takes the seasons of an input for the second run.
   * @throws {ConfigError} if it needs some and the input has no dates.
   */
  open(input: Input): void {
    this.#conditionsOf = openConditions({ cond: null, y: null }, { bridge: this.bridge, input });
  }

  /**
   * Samples of the second run from samples x [n, C, H, W] of the first run, rows from `row` on of the input. A value below 0 counts as 0 if the second run transforms
   * its values.
   */
  async sample(
    x: Tensor,
    { row, ...place }: { row: number; first: number; signal: AbortSignal | undefined },
  ): Promise<GeneratedSamples> {
    const fields = ownFields(x, this.#units, this.#channels);
    const values = inOrder(fields, this.#order);
    const { log1p, sqrt } = (this.bridge.trained.channels as RunChannels).transform;
    const taken = log1p || sqrt ? values.map((value) => Math.max(0, value)) : values;
    const count = x.size(0);
    const input = this.#encoder.encode(taken, count);
    const conditions = this.#conditionsOf(row, count);
    try {
      const options = { ...this.#keys, direction: "f", purpose: "then", conditions } as const;
      return await this.bridge.sample(input, { ...options, ...place });
    } finally {
      disposeRows({ x: input, conditions });
    }
  }

  [Symbol.dispose](): void {
    this.#units.dispose();
    this.#encoder[Symbol.dispose]();
    this.bridge.dispose();
  }
}

/**
 * The place of each variable of the second run among the variables of the first run.
 * @throws {ConfigError} if they have other names.
 */
function channelOrder(
  { target }: RunChannels,
  { source }: RunChannels,
  { folder, then }: { folder: string; then: string },
): number[] {
  const names = target.map(({ name }) => name);
  const expected = source.map(({ name }) => name);
  const order = expected.map((name) => names.indexOf(name));
  if (order.length === names.length && !order.includes(-1)) return order;
  throw new ConfigError(
    `then=${then} takes the variables ${firstOf(expected, 6)}; ${folder} gives ${firstOf(names, 6)}: expected the same variables and levels; sample one run after the other, and name the variables of the second by variables=`,
  );
}

/** @throws {ConfigError} for other units or another grid. */
function openEncoder(
  { trained }: Bridge,
  { folder, channels, order }: { folder: string; channels: RunChannels; order: readonly number[] },
): FieldEncoder {
  const encoder = new FieldEncoder(trained, {
    what: `the output of ${folder}`,
    channels: order.map((k) => channels.target[k]),
    axes: channels.axes,
  });
  const difference = encoder.axesDifference();
  if (difference === null) return encoder;
  encoder[Symbol.dispose]();
  throw new ConfigError(
    `${difference}: expected one grid; bring the files of both runs to one grid, and train again (cdo remapcon, or cdo sellonlatbox for longitudes from 0 and from -180)`,
  );
}

/** The values of fields with their channels in another order. */
function inOrder(
  { values, shape: [n, channels, height, width] }: ReturnType<typeof ownFields>,
  order: readonly number[],
): Float32Array {
  if (order.every((place, k) => place === k)) return values;
  const area = height * width;
  const result = new Float32Array(values.length);
  for (let row = 0; row < n; row++)
    for (const [k, place] of order.entries()) {
      const from = (row * channels + place) * area;
      result.set(values.subarray(from, from + area), (row * channels + k) * area);
    }
  return result;
}
