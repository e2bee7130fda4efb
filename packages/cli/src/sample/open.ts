// A trained run as an object of programs: opened once, it carries any number of samples.
import { type Conditions, mapConditions, type Network } from "@dsbm/bridge";
import { type SampleConfig, sample as sampleExperiment, validate } from "@dsbm/config";
import { cat, type Device, type Tensor, tidy } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import { cores } from "../machine/cores.js";
import { UsageError } from "../terminal/errors.js";
import { type Carrier, createCarrier } from "./carrier.js";
import { classesOf, loadNetworks, readTrained, type Trained } from "./trained.js";

/** How samples are carried: the keys of `dsbm sample`, with its defaults. */
export interface SampleOptions
  extends Partial<
    Pick<
      SampleConfig,
      | "direction"
      | "solver"
      | "steps"
      | "ode_tol"
      | "ode_step_size"
      | "seed"
      | "batch_size"
      | "path"
    >
  > {
  /** Conditions of the networks, a row for each sample: `cond` [n, C′, H, W] float32, `y` [n] int64. */
  given?: Conditions | undefined;
  /** Ends the work between two steps; the promise is then rejected with its reason. */
  signal?: AbortSignal | undefined;
}

/** What samples become. */
export interface Samples {
  /** The other ends [n, …], or with `path` all states [T, n, …], the start first. */
  x: Tensor;
  /** Process times of the states, T of them. */
  times: readonly number[];
  /** Evaluations of the network (or of the flow's field) a sample, on average. */
  nfe: number;
}

/** A run that is ready to sample. */
export interface OpenBridge extends Disposable {
  /** What was read of the run. */
  readonly trained: Trained;
  /** How many classes its networks take; 0 for none. */
  readonly classes: number;
  /** What carries batches one after the other, for inputs that memory does not hold. */
  carrier(config: SampleConfig): Carrier;
  /**
   * Carries samples x [n, …] float32, as networks see them (pictures from −1 to 1), to the other end. The noise of
   * row i is a function of the seed and i alone. Throws a ConfigError for options, a UsageError for x and
   * conditions of another shape, and for a direction that was not trained.
   */
  sample(x: Tensor, options?: SampleOptions): Promise<Samples>;
  dispose(): void;
}

/**
 * Opens a run of `dsbm train` or `dsbm gaussian` with the weights that sample. Throws a RunError for what is no run,
 * and a UsageError for one without weights, or without those of `half_iteration`.
 */
export function openBridge(
  folder: string,
  {
    half_iteration = "newest",
    device = "cpu",
    threads = "auto",
  }: Partial<Pick<SampleConfig, "half_iteration" | "device" | "threads">> = {},
): OpenBridge {
  const trained = readTrained(folder, half_iteration, device as Device);
  const networks = loadNetworks(trained, device);
  const some = (networks.b ?? networks.f) as Network;
  // One for all calls: its recorded programs are used again.
  const sampler = new Sampler({
    ...trained,
    networks,
    threads: threads === "auto" ? cores() : threads,
    chunkRows: trained.shape.length > 1 ? 8 : 250,
  });
  const carrier = (config: SampleConfig) => createCarrier(trained, sampler, config);
  const dispose = () => {
    sampler.reset();
    for (const network of new Set([networks.b, networks.f])) network?.dispose();
  };
  return {
    trained,
    classes: classesOf(some.stateDict()),
    carrier,
    dispose,
    [Symbol.dispose]: dispose,
    async sample(x, { given, signal, ...keys } = {}) {
      const config = validate(sampleExperiment.schema, { ...keys }, sampleExperiment.check);
      checkRows(x, trained, given);
      return gather(carrier(config), x, { config, given, signal, device: device as Device });
    },
  };
}

async function gather(
  carrier: Carrier,
  x: Tensor,
  {
    config: { batch_size, path },
    given,
    signal,
    device,
  }: {
    config: SampleConfig;
    given: Conditions | undefined;
    signal: AbortSignal | undefined;
    device: Device;
  },
): Promise<Samples> {
  const n = x.size(0);
  const rows = wholeUnits(batch_size, carrier.unit);
  const states: Tensor[][] = [];
  let evaluations = 0;
  try {
    for (let first = 0; first < n; first += rows) {
      const some = Math.min(rows, n - first);
      const cut = (t: Tensor) => tidy(() => t.narrow(0, first, some).to({ device }).keep());
      const batch = cut(x);
      const conditions = mapConditions(given, cut);
      try {
        const onState = (k: number, state: Tensor) => {
          states[k] ??= [];
          states[k].push(state.clone().keep());
        };
        const found = await carrier.carry(
          { x: batch, first, given: conditions, onState },
          { path, signal },
        );
        if (found === null) throw signal?.reason;
        evaluations += found;
      } finally {
        for (const t of [batch, conditions?.cond, conditions?.y]) t?.dispose();
      }
    }
    const joined = tidy(() => {
      const ends = states.map((parts) => cat(parts));
      const [end] = ends as [Tensor];
      return (path ? cat(ends.map((s) => s.unsqueeze(0))) : end).keep();
    });
    const { times } = carrier;
    return { x: joined, times: path ? times : times.slice(-1), nfe: evaluations / n };
  } finally {
    for (const t of states.flat()) t.dispose();
  }
}

/** A number of rows, brought up to whole units. */
export function wholeUnits(rows: number, unit: number): number {
  return Math.ceil(rows / unit) * unit;
}

function checkRows(
  x: Tensor,
  { shape, conditioning, folder }: Trained,
  given: Conditions | undefined,
): void {
  const n = x.size(0);
  if (`${x.shape.slice(1)}` !== `${shape}` || n === 0 || x.dtype !== "float32")
    throw new UsageError(
      `x is ${x.dtype} [${x.shape}]; expected float32 [n, ${shape.join(", ")}], the samples of ${folder}`,
    );
  if (!tidy(() => x.isfinite().all().item()))
    throw new UsageError("x has values that are NaN or infinite; expected numbers");
  if (conditioning.channels > 0 !== (given?.cond !== undefined))
    throw new UsageError(
      `given.cond is ${given?.cond ? "there" : "missing"}, but the networks of ${folder} take ${conditioning.channels > 0 ? `a condition [${n}, ${conditioning.channels}, …]` : "none"}`,
    );
  if (conditioning.classes !== (given?.y !== undefined))
    throw new UsageError(
      `given.y is ${given?.y ? "there" : "missing"}, but the networks of ${folder} take ${conditioning.classes ? "classes [n]" : "none"}`,
    );
}
