// A trained run as an object of programs: opened once, it carries any number of samples.
import { type Conditions, mapConditions, type Network } from "@dsbm/bridge";
import { type SampleConfig, sample as sampleExperiment, UsageError, validate } from "@dsbm/config";
import type { Units } from "@dsbm/data";
import { cores } from "@dsbm/runs";
import { cat, type Device, type Tensor, tidy } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import { type Carrier, createCarrier } from "./carrier.js";
import { classesOf, loadNetworks, type OwnNetwork, readTrained, type Trained } from "./trained.js";
import { unitsOf } from "./units.js";

type SampleKeys =
  | ("direction" | "seed" | "path" | "batch_size" | "steps" | "diffusion" | "guidance")
  | ("solver" | "ode_tol" | "ode_step_size");

/** How samples are carried: the keys of `dsbm sample`, with its defaults. */
export interface SampleOptions extends Partial<Pick<SampleConfig, SampleKeys>> {
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
  /** Between columns in the data's own units and rows as networks take them; throws a UsageError for images. */
  readonly units: Units;
  /** Recorded programs that are kept for later calls: their number has a bound. */
  readonly programs: number;
  /** What carries batches one after the other, for inputs that memory does not hold. */
  carrier(config: SampleConfig): Carrier;
  /**
   * Carries samples x [n, …] float32, as networks take them (pictures from −1 to 1), to the other end. The noise of
   * row i is a function of the seed and i alone. Throws a ConfigError for options, a UsageError for x and
   * conditions of another shape, and for a direction that was not trained.
   */
  sample(x: Tensor, options?: SampleOptions): Promise<Samples>;
  dispose(): void;
}

/** Which weights of a run, and where they sample. */
export interface OpenOptions
  extends Partial<Pick<SampleConfig, "half_iteration" | "device" | "threads">> {
  /** A new network for a direction, where those of the run are of a class of your own. */
  network?: OwnNetwork | undefined;
}

/**
 * Opens a run of `dsbm train` or `dsbm gaussian` with the weights that sample. Throws a RunError for what is no run,
 * and a UsageError for one without weights, or without those of `half_iteration`.
 */
export function openBridge(
  folder: string,
  { half_iteration = "newest", device = "cpu", threads = "auto", network }: OpenOptions = {},
): OpenBridge {
  const trained = readTrained(folder, half_iteration, device as Device);
  const networks = loadNetworks(trained, device, network);
  const some = (networks.b ?? networks.f) as Network;
  // One for all calls: its recorded programs are used again.
  const sampler = new Sampler({
    ...trained,
    networks,
    threads: threads === "auto" ? cores() : threads,
    chunkRows: trained.shape.length > 1 ? 8 : 250,
  });
  const carrier = (config: SampleConfig) =>
    createCarrier(trained, sampler, { config, device: device as Device });
  let units: Units | null = null;
  const dispose = () => {
    units?.dispose();
    sampler.reset();
    for (const network of new Set([networks.b, networks.f])) network?.dispose();
  };
  return {
    trained,
    classes: classesOf(some.stateDict(), trained.config),
    get units() {
      if (trained.shape.length > 1)
        throw new UsageError(
          `${trained.folder} bridges images [${trained.shape}], which have no columns`,
        );
      units ??= unitsOf(trained);
      return units;
    },
    get programs() {
      return sampler.programs;
    },
    carrier,
    dispose,
    [Symbol.dispose]: dispose,
    async sample(x, { given, signal, ...keys } = {}) {
      const config = validate(sampleExperiment.schema, { ...keys }, sampleExperiment.check);
      checkRows(x, trained, given);
      const { times, carry } = carrier(config);
      const states: Tensor[][] = [];
      const cut = (t: Tensor, first: number, count: number) => t.narrow(0, first, count).keep();
      try {
        const nfe = await carry({
          n: x.size(0),
          x: (first, count) => cut(x, first, count),
          given: (first, count) => mapConditions(given, (t) => cut(t, first, count)),
          put(state, { k }) {
            states[k] ??= [];
            states[k].push(state.clone().keep());
          },
          signal,
        });
        if (nfe === null) throw signal?.reason;
        const joined = tidy(() => {
          const ends = states.map((parts) => cat(parts));
          const [end] = ends as [Tensor];
          return (config.path ? cat(ends.map((s) => s.unsqueeze(0))) : end).keep();
        });
        return { x: joined, times: config.path ? times : times.slice(-1), nfe };
      } finally {
        for (const t of states.flat()) t.dispose();
      }
    },
  };
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
  const { channels, classes } = conditioning;
  const fields = channels > 0 && `a condition [${n}, ${channels}, …]`;
  for (const [key, wanted] of [
    ["cond", fields],
    ["y", classes && "classes [n]"],
  ] as const) {
    const there = given?.[key] !== undefined;
    if (there !== (wanted !== false))
      throw new UsageError(
        `given.${key} is ${there ? "there" : "missing"}, but the networks of ${folder} take ${wanted || "none"}`,
      );
  }
}
