import {
  conditionsAt,
  type Direction,
  type Endpoint,
  type Endpoints,
  eachEndpoint,
  endpointMoments,
  gathered,
  type Network,
  notFiniteError,
  stream,
} from "@dsbm/bridge";
import { type Generator, noGrad, optim, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";
import type { SavedValue, SourceState } from "../rows/rows.js";

export interface TrainState {
  half: number;
  networks: Record<Direction, Network>;
  emas: Record<Direction, optim.EMA> | null;
  /** The networks that sample: the averages, or the networks themselves. */
  samplers: Record<Direction, Network>;
  optimizers: Partial<Record<Direction, optim.Adam>>;
}

/** The position and the settings of a saved training. */
export interface SavedFacts {
  /** Version of the format. */
  format: number;
  /** Finished half-iterations. */
  half: number;
  /** Threads of a step; null: not chosen yet. */
  threads: number | null;
  /** Whether several ranks share a step's rows; null: not known yet. */
  sharesBatch?: boolean | null;
  /** Steps of half-iterations that differ from the schedule. */
  steps?: Record<string, number>;
  /** The last losses of the half-iteration in progress. */
  losses: number[];
  /** The half-iteration in progress, if any: step, random states, source of rows. */
  pass: unknown;
}

/** Tensors and facts of a saved training. */
export interface SavedTraining {
  /** Weights, averages and moments by name. */
  tensors: ReadonlyMap<string, Tensor>;
  /** Everything else, as JSON. */
  facts: SavedFacts;
}

interface InProgress {
  direction: Direction;
  optimizer: optim.Adam | null;
}

export function directionsOf({ method: { method } }: Pick<CompleteProblem, "method">): Direction[] {
  return method.networks === "each" ? ["b", "f"] : ["b"];
}

export function initialState(problem: CompleteProblem): TrainState {
  const { method: options, optimisation } = problem;
  const { method, network } = options;
  const { emaRate, emaWarmup } = optimisation;
  const shared = method.networks !== "each";
  const pair = <T>(make: (d: Direction) => T): Record<Direction, T> => {
    const b = make("b");
    return { b, f: shared ? b : make("f") };
  };
  const networks = pair((d) => {
    const made = network(d);
    beginNetwork(problem, d, made);
    return made;
  });
  const samplers = emaRate === null ? networks : pair(network);
  const emas =
    emaRate === null
      ? null
      : pair((d) => new optim.EMA(networks[d], emaRate, { warmup: emaWarmup }));
  const state: TrainState = { half: 0, networks, emas, samplers, optimizers: {} };
  resetSamplers(state);
  return state;
}

/** All tensors of a state by name, not copies; `standing` are the older averages that make the rows in progress. */
export function stateTensors(
  state: TrainState,
  directions: readonly Direction[],
  { pass, standing }: { pass: InProgress | null; standing: ReadonlyMap<string, Tensor> | null },
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const put = (prefix: string, part: ReadonlyMap<string, Tensor> | null | undefined) => {
    for (const [name, t] of part ?? []) tensors.set(`${prefix}${name}`, t);
  };
  for (const d of directions) {
    const current = pass && isOf(d, pass, directions) ? pass : null;
    put(`network/${d}/`, state.networks[d].stateDict());
    put(`ema/${d}/`, state.emas?.[d].stateDict());
    const updates = state.emas?.[d].updates;
    if (updates) tensors.set(`ema_updates/${d}`, updates);
    put(`optimizer/${d}/`, (current?.optimizer ?? state.optimizers[d])?.stateDict());
    if (current) put(`sampler/${d}/`, standing);
  }
  return tensors;
}

const isOf = (d: Direction, pass: InProgress, directions: readonly Direction[]): boolean =>
  pass.direction === d || directions.length === 1;

/** Throws a BridgeError that names the first tensor with NaN or infinity. */
export function checkFinite(tensors: ReadonlyMap<string, Tensor>, when: string): void {
  for (const [name, t] of tensors)
    if (!tidy(() => t.isfinite().all().item()))
      throw notFiniteError(
        `${name} has values that are NaN or infinite ${when}; try a smaller learning rate or gradient clipping`,
      );
}

export function resetSamplers({ networks, samplers, emas }: TrainState): void {
  for (const d of ["b", "f"] as const) {
    if (samplers[d] !== networks[d]) samplers[d].loadStateDict(networks[d].stateDict());
    emas?.[d].copyTo(samplers[d]);
  }
}

/** Copies named tensors into a state. Throws a TorchError if names or shapes do not fit. */
export function putTensors(
  state: TrainState,
  directions: readonly Direction[],
  { tensors, pass }: { tensors: ReadonlyMap<string, Tensor>; pass: InProgress | null },
): void {
  for (const d of directions) {
    state.networks[d].loadStateDict(under(tensors, `network/${d}/`));
    state.emas?.[d].loadStateDict(under(tensors, `ema/${d}/`));
    const updates = tensors.get(`ema_updates/${d}`);
    if (updates) state.emas?.[d].updates?.copy_(updates);
    const isOwn = pass !== null && isOf(d, pass, directions);
    const optimizer = isOwn ? pass.optimizer : state.optimizers[d];
    const part = under(tensors, `optimizer/${d}/`);
    // Before its first step an optimiser has no tensors.
    if (part.size > 0) optimizer?.loadStateDict(part);
    const standing = under(tensors, `sampler/${d}/`);
    if (pass && standing.size > 0) state.samplers[d].loadStateDict(standing);
  }
}

export function disposeState({ networks, samplers, emas, optimizers }: TrainState): void {
  for (const d of ["b", "f"] as const) {
    networks[d].dispose();
    samplers[d].dispose();
    emas?.[d].dispose();
    optimizers[d]?.dispose();
  }
}

const under = (tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, t]) => [name.slice(prefix.length), t]),
  );

export function newOptimizer({ optimisation }: CompleteProblem, network: Network): optim.Adam {
  const { optimizer, lr, weightDecay } = optimisation;
  return new optim[optimizer](network.parameters(), { lr, weightDecay });
}

export function keepOptimizers(
  problem: CompleteProblem,
  { networks, optimizers }: TrainState,
): void {
  const { method } = problem.method;
  const isKept = problem.optimisation.keepOptimizer ?? method.keepOptimizer ?? false;
  if (method.model?.fit || !isKept) return;
  optimizers.b ??= newOptimizer(problem, networks.b);
  optimizers.f ??= method.networks === "each" ? newOptimizer(problem, networks.f) : optimizers.b;
}

/** A state as JSON, with bytes as {"base64": …}. */
export function toJsonState(value: SavedValue): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toJsonState(v)]));
}

export function fromJsonState(value: unknown): SavedValue {
  if (typeof value !== "object" || value === null) return value as SavedValue;
  const { base64 } = value as { base64?: unknown };
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, fromJsonState(v)]),
  ) as SourceState;
}

const mostNumbers = 4_000_000;
const fewerRows = 10_000;
const mostRows = 100_000;

function countOf({ numel, shape: [n = 0] }: Tensor): number {
  const most = Math.min(mostRows, Math.floor(mostNumbers / (numel / Math.max(1, n))));
  return Math.min(n, Math.max(fewerRows, most));
}

function someRows({ data }: Pick<CompleteProblem, "data">, generator: Generator): Endpoints {
  const drawn = eachEndpoint((end) => {
    const { device } = data[end];
    return randperm(data[end].size(0), { generator, device }).narrow(0, 0, countOf(data[end]));
  });
  const rows = gathered(data, (end) => drawn[end], { decode: data.decode, generator });
  return Object.assign(rows, { chain: data.chain });
}

/** Sets a new model's tensors from random rows, a function of the seed; `prepare` trains a part of them. */
export function beginNetwork(
  problem: CompleteProblem,
  direction: Direction,
  network: Network,
  hook: "begin" | "prepare" = "begin",
): void {
  const { method, data, process, seed } = problem;
  const { model } = method.method;
  const work = model?.[hook];
  if (!work) return;
  const generator = stream(seed, `${hook}/${direction}`, data.x0.device);
  noGrad(() =>
    tidy(() => {
      work({ network, direction, data: someRows(problem, generator), process, generator });
    }),
  );
}

/** The moments that simulated endpoints take; null if they keep their own. */
export function simulatedMoments(problem: CompleteProblem): Record<Endpoint, Tensor> | null {
  const { method, data, seed } = problem;
  if (!method.matchMoments) return null;
  const generator = stream(seed, "moments", data.x0.device);
  return noGrad(() =>
    tidy(() => {
      const rows = someRows(problem, generator);
      const of = (end: Endpoint) => {
        const interval = conditionsAt(rows.conditions, end)?.values.interval;
        const intervals = (data.chain?.times.length ?? 2) - 1;
        return endpointMoments(rows[end], { interval, intervals }).keep();
      };
      return { x0: of("x0"), x1: of("x1") };
    }),
  );
}
