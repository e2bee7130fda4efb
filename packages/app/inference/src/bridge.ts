import {
  type Conditions,
  type Direction,
  driftOf,
  type Field,
  flowMargin,
  inBatches,
  logLikelihood,
  mapConditions,
  type Network,
  networkFlow,
  splitMass,
  type TimeGrid,
  wholeField,
} from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  type SampleConfig,
  sample as sampleExperiment,
  validate,
} from "@dsbm/config";
import type { Units } from "@dsbm/data";
import type { Datasets } from "@dsbm/datasets";
import { chunkRows } from "@dsbm/problem";
import { cores } from "@dsbm/runs";
import { cat, type Device, type Generator, noGrad, stack, type Tensor, tidy } from "@dsbm/torch";
import {
  bridgeFacts,
  type FlowStateOptions,
  type FlowStates,
  type Sampler,
  samplerOf,
  type Training,
} from "@dsbm/train";
import { checkNoise, type PlanConfig, planSamples, withUnitMass } from "./plan.js";
import {
  classesOf,
  encodeConditions,
  loadNetworks,
  type Networks,
  readTrained,
  type Trained,
  trainedOf,
  unitsOf,
} from "./trained.js";

export interface OpenOptions
  extends Partial<Pick<SampleConfig, "half_iteration" | "device" | "threads">> {
  /** Changed noise, and the weight of conditions, everywhere (default: as trained). */
  diffusion?: number | null;
  guidance?: number;
}

/** Sampling options: the keys of `dsbm sample`, with its defaults. */
export interface SampleOptions extends Partial<Omit<PlanConfig, "path" | "batch_size">> {
  /** The times of the states, instead of `steps`. */
  grid?: TimeGrid;
  /** Conditions, a row for each sample: `cond` [n, C′, …] float32, `y` [n] int64. */
  conditions?: Conditions | undefined;
  /** Other purposes give other noise for the same seed (default: the direction). */
  purpose?: string;
  /** Index of the first sample in a larger set, for its noise (default: 0). */
  first?: number;
  /**
   * Awaited for each state of the path, the start first. State and weights (see `Samples`) are
   * freed afterwards.
   */
  onState?: (
    state: Tensor,
    at: { k: number; time: number; weights: Tensor | null },
  ) => void | Promise<void>;
  /** Stops the work between two steps; the promise is rejected with its reason. */
  signal?: AbortSignal | undefined;
}

export interface Samples {
  /** [n, …], on the device of the bridge. */
  x: Tensor;
  /** The final mass [n] of each start, for a method with growth; null: all 1. */
  weights: Tensor | null;
  /** Mean number of network (or flow) evaluations per sample. */
  nfe: number;
}

export interface Paths extends Pick<Samples, "nfe"> {
  /** [T, n, …], the start first. */
  states: Tensor;
  /** Masses [T, n] (see `Samples`). */
  weights: Tensor | null;
  /** Process times of the states. */
  times: readonly number[];
}

export interface LikelihoodOptions extends Pick<SampleOptions, "conditions" | "direction"> {
  /** log density [n] at the start of the direction. */
  logDensity: (x: Tensor) => Tensor;
  /** Runge–Kutta steps of an interval between two datasets (default 25). */
  steps?: number;
  generator?: Generator;
}

const exactTrace = 8;

export class Bridge implements Disposable {
  readonly sampler: Sampler;
  readonly #isLive: boolean;
  #units: Units | null = null;

  /** A bridge disposes its networks; a training in progress passes its own sampler. */
  constructor(
    readonly trained: Trained,
    readonly networks: Networks,
    { threads = "auto", sampler }: Pick<OpenOptions, "threads"> & { sampler?: Sampler } = {},
  ) {
    this.#isLive = sampler !== undefined;
    this.sampler =
      sampler ??
      samplerOf(trained, networks, {
        threads: threads === "auto" ? cores() : threads,
        chunkRows: chunkRows(trained.shape),
      });
  }

  /**
   * Opens a run. Throws a RunError if the folder holds no run, and a ConfigError without weights,
   * or without weights of `half_iteration`.
   */
  static open(folder: string, options: OpenOptions = {}): Bridge {
    const { half_iteration = "newest", device = "cpu" } = options;
    const { diffusion = null, guidance = 1 } = options;
    const read = readTrained(folder, half_iteration, device as Device);
    const trained = { ...read, guidance, ...(diffusion !== null && { diffusion }) };
    checkNoise(trained, trained.models, { diffusion, guidance });
    return new Bridge(trained, loadNetworks(trained), options);
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
      models: { b: null, f: null },
    });
    return new Bridge(trained, training.state.samplers, { sampler: training.sampler });
  }

  /**
   * Converts between the data's own units and the network's units. Throws a ConfigError for images.
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
   * Conditions from values of the column `data.condition`, one for each sample; the caller owns
   * them.
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
   * Samples the other endpoint from x [n, …] float32 in the network's units (images from −1 to 1). The noise of row i depends only on the seed and i. Throws a ConfigError for wrong
   * options, for x and conditions of another shape and for an untrained direction, and the reason
   * of `signal`.
   */
  async sample(x: Tensor, options: SampleOptions = {}): Promise<Samples> {
    const { conditions, grid, purpose, first = 0, onState, signal, ...keys } = options;
    const path = onState !== undefined;
    checkRows(x, { bridge: this, conditions, first });
    const config = validate(sampleExperiment.schema, { ...keys, path }, sampleExperiment.check);
    const plan = planSamples(this, config, grid);
    const { direction, times } = plan;
    const { solver, seed, diffusion, guidance, ode_tol, ode_step_size } = config;
    const { method, lastNoise, config: run } = this.trained;
    const device = run.device as Device;
    const tolerance = ode_tol ?? 1e-5;
    const last = path ? times.length - 1 : 0;
    const result: Pick<Samples, "weights"> & { x: Tensor | null } = { x: null, weights: null };
    const inputs: Tensor[] = [];
    const moved = (t: Tensor, change = (there: Tensor) => there) => {
      const there = tidy(() => change(t.to({ device })).keep());
      inputs.push(there);
      return there;
    };
    try {
      const start = moved(x, method.mass ? withUnitMass : undefined);
      const evaluations = await this.sampler.sample(direction, start, {
        solver,
        grid: plan.grid,
        seed,
        purpose: purpose ?? direction,
        first,
        signal,
        lastNoise,
        path,
        rtol: tolerance,
        atol: tolerance,
        ...(ode_step_size !== null && { step_size: ode_step_size }),
        diffusion: diffusion ?? undefined,
        guidance: guidance === 1 ? undefined : guidance,
        conditions: mapConditions(conditions, (t) => moved(t)),
        async onState(k, state) {
          const { x: rows, logMass } = method.mass ? splitMass(state) : { x: state, logMass: null };
          const copy = tidy(() => rows.clone().keep());
          const weights = logMass && tidy(() => logMass.exp().keep());
          if (k === last) Object.assign(result, { x: copy, weights });
          try {
            await onState?.(copy, { k, time: times[k], weights });
          } finally {
            if (k !== last) for (const t of [copy, weights]) t?.dispose();
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

  /** `sample` with the states of the paths: all, or only the indices `at` (0: the start). */
  async paths(
    x: Tensor,
    { at, onState, ...options }: SampleOptions & { at?: readonly number[] } = {},
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
   * Log-density [n] of samples at the end of a direction, along the probability flow from
   * `logDensity` at its start (change of variables; Hutchinson's estimate beyond 8 dimensions).
   * Throws a ConfigError for a method without a flow.
   */
  likelihood(x: Tensor, options: LikelihoodOptions): Tensor {
    const { logDensity, conditions, direction = "f", steps = 25, generator } = options;
    const { method, chain } = this.trained;
    const field = this.velocity(conditions, { keepsGradients: true });
    if (!field || method.mass)
      throw new ConfigError(`${method.name} has no probability flow of constant mass`);
    const [from, to] = direction === "f" ? [1, 0] : [0, 1];
    return logLikelihood(field, x, {
      logDensity,
      from,
      to,
      steps: steps * (chain ? chain.times.length - 1 : 1),
      probes: x.size(1) > exactTrace ? 1 : null,
      generator,
    });
  }

  /**
   * The drift of a direction, without gradients. Null without a network, and for steps without a
   * drift.
   */
  drift(direction: Direction, conditions?: Conditions): Field | null {
    const { trained, networks } = this;
    const { method, grid } = trained;
    const network = networks[direction];
    if (!network || method.sampler) return null;
    const sign = direction === "f" ? 1 : -1;
    const field = (part: Conditions | undefined): Field =>
      method.predicts === "velocity"
        ? (x, t) => network.forward(x, t, part).mul(sign)
        : driftOf({ ...trained, networks }, { direction, grid, conditions: part });
    return this.#byRows(
      (part) => this.#withoutMass(this.#whole(direction, field, part)),
      conditions,
    );
  }

  /**
   * The velocity of the probability flow in process time, at points x [n, …] and times [n]: [n, …]. Keeps gradients,
   * and takes all rows together, only if `keepsGradients`. Null: no flow.
   */
  velocity(conditions?: Conditions, { keepsGradients = false } = {}): Field | null {
    if (this.trained.method.sampler) return null;
    const field = (part: Conditions | undefined) => this.#withoutMass(this.#velocity(part));
    return keepsGradients ? field(conditions) : this.#byRows(field, conditions);
  }

  /**
   * The growth rate of mass at points [n, d] and times [n]: [n], without gradients; null: no
   * growth.
   */
  growth(conditions?: Conditions): Field | null {
    const { method } = this.trained;
    if (!method.mass || method.plan) return null;
    return this.#byRows((part) => {
      const velocity = this.#velocity(part);
      return (x, t) => splitMass(velocity(withUnitMass(x), t)).logMass;
    }, conditions);
  }

  /** The probability flow from x [n, …]: states [T, n, …], and evaluations. */
  flow(direction: Direction, x: Tensor, options: FlowStateOptions): FlowStates {
    if (!this.trained.method.mass) return this.sampler.flow(direction, x, options);
    const { states, nfe } = this.sampler.flow(direction, withUnitMass(x), options);
    return { states: splitMass(states).x, nfe };
  }

  #velocity(conditions: Conditions | undefined): Field {
    const { trained, networks } = this;
    const dynamics = { ...trained, networks, eps: flowMargin(trained) };
    return this.#whole("f", (part) => networkFlow({ ...dynamics, conditions: part }), conditions);
  }

  #whole(
    direction: Direction,
    within: (conditions: Conditions | undefined) => Field,
    conditions: Conditions | undefined,
  ): Field {
    const { chain } = this.trained;
    return chain ? wholeField(chain, direction, within, conditions) : within(conditions);
  }

  #withoutMass(field: Field): Field {
    if (!this.trained.method.mass) return field;
    return (x, t) => splitMass(field(withUnitMass(x), t)).x;
  }

  dispose(): void {
    this.#units?.dispose();
    if (this.#isLive) return;
    this.sampler.reset();
    for (const network of new Set(Object.values(this.networks))) network?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #byRows(
    field: (conditions: Conditions | undefined) => Field,
    conditions: Conditions | undefined,
  ): Field {
    const rowsAtOnce = this.trained.shape.length > 1 ? 16 : 4000;
    return (x, t) =>
      noGrad(() =>
        cat(
          inBatches(x, rowsAtOnce, (rows, first) => {
            const cut = (c: Tensor) => c.narrow(0, first, rows.size(0));
            return field(mapConditions(conditions, cut))(rows, cut(t));
          }),
        ),
      );
  }
}

/** `first` is the index of the first sample in a larger set. */
function checkRows(
  x: Tensor,
  {
    bridge,
    conditions,
    first,
  }: { bridge: Bridge; conditions: Conditions | undefined; first: number },
): void {
  const { shape, conditioning, folder } = bridge.trained;
  const n = x.size(0);
  if (`${x.shape.slice(1)}` !== `${shape}` || n === 0 || x.dtype !== "float32")
    throw new ConfigError(
      `x is ${x.dtype} [${x.shape}]; expected float32 [n, ${shape.join(", ")}], the samples of ${folder}`,
    );
  const odd = oddRow(x);
  if (odd >= 0)
    throw new ConfigError(
      `sample ${first + odd} has values that are NaN or infinite: remove or repair it`,
    );
  const { channels, classes } = conditioning;
  const fields =
    channels > 0 &&
    `a condition [${n}, ${channels}, …]; for data.condition give condition: [value, …]`;
  for (const [key, needed] of [
    ["cond", fields],
    ["y", classes && "classes [n]"],
  ] as const) {
    const isThere = conditions?.[key] !== undefined;
    if (isThere !== (needed !== false))
      throw new ConfigError(
        `conditions.${key} is ${isThere ? "there" : "missing"}, but the networks of ${folder} take ${needed || "none"}`,
      );
  }
}

/** The first row of x [n, …] with values that are NaN or infinite; −1: none. */
export const oddRow = (x: Tensor): number =>
  tidy(() => {
    const rows = x.flatten({ startDim: 1 }).isfinite().all(1);
    return (rows.toArray() as Uint8Array).indexOf(0);
  });
