// A trained run as a bridge: samples, paths, densities and fields.
import {
  type Conditions,
  type Direction,
  type Field,
  mapConditions,
  type Network,
  splitMass,
} from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  sample as sampleExperiment,
  validate,
} from "@dsbm/config";
import type { Units } from "@dsbm/data";
import { type Datasets, type Encoding, networkShape, readEncoding } from "@dsbm/datasets";
import { chunkRows } from "@dsbm/problem";
import { cores } from "@dsbm/runs";
import { type Device, stack, type Tensor, tidy } from "@dsbm/torch";
import {
  bridgeFacts,
  type FlowStateOptions,
  type FlowStates,
  type Sampler,
  samplerOf,
  type Training,
} from "@dsbm/train";
import type {
  BridgeLikelihoodOptions,
  GeneratedSamples,
  OpenOptions,
  Paths,
  RunSampleOptions,
} from "./bridge-options.js";
import { checkRows } from "./check-rows.js";
import { Fields } from "./fields.js";
import { planSamples, withNoise, withUnitMass } from "./plan.js";
import { samplesOf, statesOf } from "./states.js";
import {
  classesOf,
  encodeConditions,
  loadNetworks,
  readTrained,
  type Trained,
  type TrainedNetworks,
  trainedOf,
  unitsOf,
} from "./trained.js";

/** A trained run, or a training in progress, that samples. */
export class Bridge implements Disposable {
  /** Samples and flows with the networks of the run. */
  readonly sampler: Sampler;
  /** The autoencoder between images and latent maps; null: networks take the samples themselves. */
  readonly encoding: Encoding | null;
  readonly #fields: Fields;
  readonly #isLive: boolean;
  #units: Units | null = null;

  /** A bridge disposes its networks; a training in progress passes its own sampler. */
  constructor(
    readonly trained: Trained,
    readonly networks: TrainedNetworks,
    {
      threads = "auto",
      sampler,
      encoding = null,
    }: Pick<OpenOptions, "threads"> & { sampler?: Sampler; encoding?: Encoding | null } = {},
  ) {
    this.encoding = encoding;
    this.#isLive = sampler !== undefined;
    this.#fields = new Fields(trained, networks);
    this.sampler =
      sampler ??
      samplerOf(trained, networks, {
        threads: threads === "auto" ? cores() : threads,
        chunkRows: chunkRows(networkShape(trained.shape, trained.config.data)),
      });
  }

  /**
   * Opens a run.
   * @throws {RunError} if the folder holds no run, and a ConfigError without weights, or without weights of
   * `half_iteration`.
   */
  static open(folder: string, options: OpenOptions = {}): Bridge {
    const { half_iteration = "newest", device = "cpu" } = options;
    const trained = withNoise(readTrained(folder, half_iteration, device as Device), options);
    const encoding = readEncoding(trained.folder, trained.config);
    return new Bridge(trained, loadNetworks(trained), { ...options, encoding });
  }

  /** The bridge of a training in progress, with its present weights at each call. */
  static live(
    training: Training,
    {
      config,
      datasets,
      folder,
    }: { config: CompleteTrainConfig; datasets: Datasets; folder: string },
  ): Bridge {
    const trained = trainedOf({
      ...bridgeFacts(training.problem),
      folder,
      config,
      shape: datasets.shape,
      columns: datasets.columns,
      channels: datasets.channels,
      models: { b: null, f: null },
    });
    const { sampler } = training;
    const { encoding } = datasets;
    return new Bridge(trained, training.state.samplers, { sampler, encoding });
  }

  /**
   * Converts between the data's own units and the network's units.
   * @throws {ConfigError} for images.
   */
  get units(): Units {
    const { folder, shape } = this.trained;
    if (shape.length > 1)
      throw new ConfigError(`${folder} bridges images [${shape}], which have no columns`);
    this.#units ??= unitsOf(this.trained);
    return this.#units;
  }

  /** Number of classes of the networks; 0 for none. */
  get classes(): number {
    const network = (this.networks.b ?? this.networks.f) as Network;
    return classesOf(network.stateDict(), this.trained.config);
  }

  /**
   * Conditions from values of the column `data.condition`, one for each sample; the caller owns them.
   * @throws {ConfigError} if the run has no such column, and for an unknown class
   */
  conditions(values: readonly (string | number)[]): Conditions {
    const { columns, folder } = this.trained;
    const column = columns?.condition;
    if (!column)
      throw new ConfigError(`condition is given, but ${folder} has none: leave condition out`);
    const cells = column.classes ? values.map(String) : Float64Array.from(values, Number);
    return encodeConditions(column, cells, { path: "condition", first: 0 });
  }

  /**
   * Samples the other endpoint from x [n, …] float32 in the network's units (images from −1 to 1). The noise of row i
   * depends only on the seed and i.
   * @throws {ConfigError} for wrong options, for x and conditions of another shape and for an untrained direction, and
   * the reason of `signal`.
   */
  async sample(x: Tensor, options: RunSampleOptions = {}): Promise<GeneratedSamples> {
    const { conditions, grid, purpose, first = 0, onState, signal, ...more } = options;
    const { energies, evenChunks, ...keys } = more;
    const path = onState !== undefined;
    checkRows(x, { trained: this.trained, conditions, first });
    const config = validate(sampleExperiment.schema, { ...keys, path }, sampleExperiment.check);
    const plan = planSamples(this, config, grid);
    const { direction, times } = plan;
    const { solver, seed, diffusion, guidance, ode_tol, ode_step_size } = config;
    const { method, lastNoise, config: run } = this.trained;
    const device = run.device as Device;
    const tolerance = ode_tol ?? 1e-5;
    const last = path ? times.length - 1 : 0;
    const result: Record<"x" | "weights", Tensor | null> = { x: null, weights: null };
    const inputs: Tensor[] = [];
    const moved = (t: Tensor, change = (there: Tensor) => there) => {
      const there = tidy(() => change(t.to({ device })).keep());
      inputs.push(there);
      return there;
    };
    try {
      const start = moved(x, (rows) => statesOf(this, rows));
      const evaluations = await this.sampler.sample(direction, start, {
        solver,
        grid: plan.grid,
        seed,
        purpose: purpose ?? direction,
        first,
        signal,
        lastNoise,
        path,
        energies,
        evenChunks,
        rtol: tolerance,
        atol: tolerance,
        ...(ode_step_size !== null && { step_size: ode_step_size }),
        diffusion: diffusion ?? undefined,
        guidance: guidance === 1 ? undefined : guidance,
        conditions: mapConditions(conditions, (t) => moved(t)),
        onState: async (k, state, ofStep) => {
          const { x: rows, logMass } = method.mass ? splitMass(state) : { x: state, logMass: null };
          const copy = tidy(() => samplesOf(this, rows).keep());
          const weights = logMass && tidy(() => logMass.exp().keep());
          if (k === last) Object.assign(result, { x: copy, weights });
          try {
            await onState?.(copy, { k, time: times[k], weights, energies: ofStep });
          } finally {
            for (const t of k === last ? [] : [copy, weights]) t?.dispose();
          }
        },
      });
      if (evaluations === null) throw signal?.reason;
      return { ...result, x: result.x as Tensor, nfe: evaluations / x.size(0) };
    } catch (error) {
      for (const t of [result.x, result.weights]) t?.dispose();
      throw error;
    } finally {
      for (const t of inputs) t.dispose();
    }
  }

  /** `sample` of x [n, …] with the states [T, n, …] of the paths: all, or only the indices `at` (0: the start). */
  async paths(
    x: Tensor,
    { at, onState, ...options }: RunSampleOptions & { at?: readonly number[] } = {},
  ): Promise<Paths> {
    const states: Tensor[] = [];
    const masses: Tensor[] = [];
    const times: number[] = [];
    try {
      const {
        x: end,
        weights,
        nfe,
      } = await this.sample(x, {
        ...options,
        async onState(state, place) {
          await onState?.(state, place);
          if (at && !at.includes(place.k)) return;
          times.push(place.time);
          states.push(state.clone().keep());
          if (place.weights) masses.push(place.weights.clone().keep());
        },
      });
      for (const t of [end, weights]) t?.dispose();
      return {
        states: tidy(() => stack(states).keep()),
        weights: masses.length > 0 ? tidy(() => stack(masses).keep()) : null,
        times,
        nfe,
      };
    } finally {
      for (const t of [...states, ...masses]) t.dispose();
    }
  }

  /**
   * Log-density [n] of samples at the end of a direction, along the probability flow from `logDensity` at its start
   * (change of variables; Hutchinson's estimate beyond 8 dimensions).
   * @throws {ConfigError} for a method without a flow.
   */
  likelihood(x: Tensor, options: BridgeLikelihoodOptions): Tensor {
    return this.#fields.likelihood(x, options);
  }

  /**
   * The drift of a direction at points x [n, …] and times [n]: [n, …], without gradients. Null without a network, and
   * for steps without a drift.
   */
  drift(direction: Direction, conditions?: Conditions): Field | null {
    return this.#fields.drift(direction, conditions);
  }

  /**
   * The velocity of the probability flow in process time, at points x [n, …] and times [n]: [n, …]. Keeps gradients,
   * and takes all rows together, only if `keepsGradients`. Null: no flow.
   */
  velocity(conditions?: Conditions, options: { keepsGradients?: boolean } = {}): Field | null {
    return this.#fields.velocity(conditions, options);
  }

  /** The growth rate of mass at points [n, d] and times [n]: [n], without gradients; null: no growth. */
  growth(conditions?: Conditions): Field | null {
    return this.#fields.growth(conditions);
  }

  /** The probability flow from x [n, …]: states [T, n, …], and evaluations. */
  flow(direction: Direction, x: Tensor, options: FlowStateOptions): FlowStates {
    if (!this.trained.method.mass) return this.sampler.flow(direction, x, options);
    const { states, nfe } = this.sampler.flow(direction, withUnitMass(x), options);
    return { states: splitMass(states).x, nfe };
  }

  dispose(): void {
    this.#units?.dispose();
    if (this.#isLive) return;
    this.sampler.reset();
    this.trained.process.cells?.mask.dispose();
    this.encoding?.[Symbol.dispose]();
    for (const network of new Set(Object.values(this.networks))) network?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
