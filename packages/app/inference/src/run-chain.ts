// Two runs in a row: the samples of the first are the inputs of the second, such as bias correction and finer fields.
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { FieldUnits } from "@dsbm/data";
import type { Tensor } from "@dsbm/torch";
import { Bridge } from "./bridge.js";
import type { GeneratedSamples } from "./bridge-options.js";
import { FieldEncoder } from "./field-encoder.js";
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
    const { channels: count, classes } = next.conditioning;
    if (!channels || !next.channels || count > 0 || classes || path || direction === "b") {
      this.bridge.dispose();
      throw new ConfigError(
        `then=${then} takes the samples of ${folder}, forward: expected two runs of NetCDF files without conditions, and neither path=true nor direction=b`,
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
   * Samples of the second run from samples x [n, C, H, W] of the first run. A value below 0 counts as 0 if the second run transforms
   * its values.
   */
  sample(
    x: Tensor,
    { first, signal }: { first: number; signal: AbortSignal | undefined },
  ): Promise<GeneratedSamples> {
    const { values } = ownFields(x, this.#units, this.#channels);
    const { log1p, sqrt } = (this.bridge.trained.channels as RunChannels).transform;
    const taken = log1p || sqrt ? values.map((value) => Math.max(0, value)) : values;
    const count = x.size(0);
    const size = this.#channels.grid;
    const input = this.#encoder.encode(taken, count, { what: this.#what, size });
    return this.bridge
      .sample(input, { ...this.#keys, direction: "f", purpose: "then", first, signal })
      .finally(() => input.dispose());
  }

  [Symbol.dispose](): void {
    this.#units.dispose();
    this.#encoder[Symbol.dispose]();
    this.bridge.dispose();
  }
}
