// Two runs in a row: the samples of the first are the inputs of the second, such as bias correction and finer fields.
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { FieldUnits } from "@dsbm/data";
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
  readonly #what: string;
  readonly #keys: Pick<SampleConfig, "seed" | "steps" | "solver">;
  #conditionsOf: ReturnType<typeof openConditions> = () => undefined;

  /**
   * Opens the run `then`.
   * @throws {ConfigError} for runs of other data than fields, different grids, a class or a condition, and paths
   */
  constructor(first: Bridge, then: string, config: SampleConfig) {
    const { channels, folder } = first.trained;
    this.#what = `the output of ${folder}`;
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
    this.#units = new FieldUnits(channels);
    this.#encoder = new FieldEncoder(next);
    try {
      this.#encoder.check(this.#what, channels.grid, channels.target.length);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
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
    const { values } = ownFields(x, this.#units, this.#channels);
    const { log1p, sqrt } = (this.bridge.trained.channels as RunChannels).transform;
    const taken = log1p || sqrt ? values.map((value) => Math.max(0, value)) : values;
    const count = x.size(0);
    const size = this.#channels.grid;
    const input = this.#encoder.encode(taken, count, { what: this.#what, size });
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
