// The saved state of a training: tensors by name and facts for JSON.
import { argumentError, type Direction, notFiniteError } from "@dsbm/bridge";
import { allFinite, type optim, type Tensor, tidy } from "@dsbm/torch";
import type { HalfIteration, HalfIterationState } from "../half-iteration.js";
import type { CompleteProblem } from "../problem.js";
import type { SavedValue, SourceState } from "../rows/batch-source.js";
import type { StepPlan } from "../step/step-plan.js";
import { directionsOf, type TrainState } from "./state.js";

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

/** The half-iteration in progress, of which tensors are saved. */
interface InProgress {
  direction: Direction;
  optimizer: optim.Adam | null;
}

/** The progress of a training: its half-iteration, plan and steps. */
interface SavedProgress {
  /** The half-iteration in progress. */
  pass: (InProgress & Pick<HalfIteration, "half" | "step" | "losses" | "save">) | null;
  /** Older averages, in the shapes of their parameters […], that make the rows in progress; null if none do. */
  standing: ReadonlyMap<string, Tensor> | null;
  /** How steps run, as far as it was chosen. */
  plan: Partial<StepPlan>;
  /** Steps of half-iterations that differ from the schedule. */
  steps: Record<string, number>;
}

/**
 * The state for resuming: tensors by name (not copies) and facts for JSON.
 * @throws {BridgeError} if a weight is NaN or infinite.
 */
export function saveTraining(
  problem: CompleteProblem,
  state: TrainState,
  { pass, standing, plan, steps }: SavedProgress,
): SavedTraining {
  const tensors = stateTensors(state, directionsOf(problem), { pass, standing });
  checkFinite(
    tensors,
    `after step ${pass?.step ?? "0"} of half-iteration ${pass?.half ?? state.half}`,
  );
  const { threads = null, sharesBatch = null } = plan;
  const facts: SavedFacts = {
    format: 1,
    half: state.half,
    threads,
    sharesBatch,
    ...(Object.keys(steps).length > 0 && { steps: { ...steps } }),
    losses: pass ? [...pass.losses] : [],
    pass: pass ? toJsonState(pass.save()) : null,
  };
  return { tensors, facts };
}

/**
 * All tensors of a state by name, not copies, each in the shape of its parameter […]; `standing` are the older averages that make the rows in
 * progress.
 */
function stateTensors(
  state: TrainState,
  directions: readonly Direction[],
  { pass, standing }: { pass: InProgress | null; standing: ReadonlyMap<string, Tensor> | null },
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  const put = (prefix: string, part: ReadonlyMap<string, Tensor> | null | undefined) => {
    for (const [name, t] of part ?? []) tensors.set(`${prefix}${name}`, t);
  };
  for (const d of directions) {
    const current = pass && belongsTo(d, pass, directions) ? pass : null;
    put(`network/${d}/`, state.networks[d].stateDict());
    put(`ema/${d}/`, state.emas?.[d].stateDict());
    const updates = state.emas?.[d].updates;
    if (updates) tensors.set(`ema_updates/${d}`, updates);
    put(`optimizer/${d}/`, (current?.optimizer ?? state.optimizers[d])?.stateDict());
    if (current) put(`sampler/${d}/`, standing);
  }
  return tensors;
}

const belongsTo = (d: Direction, pass: InProgress, directions: readonly Direction[]): boolean =>
  pass.direction === d || directions.length === 1;

/** @throws {BridgeError} that names the first tensor with NaN or infinity. */
function checkFinite(tensors: ReadonlyMap<string, Tensor>, when: string): void {
  for (const [name, t] of tensors)
    if (!allFinite(t))
      throw notFiniteError(
        `${name} has values that are NaN or infinite ${when}; try a smaller learning rate or gradient clipping`,
      );
}

/** A saved half-iteration that a training continues. */
export interface SavedHalf {
  /** The half-iteration when it was saved. */
  pass: HalfIterationState;
  /** Copies of the saved tensors, and the facts. */
  whole: SavedTraining;
}

/**
 * Copies a saved training, with the half-iteration in progress; `pass` is null between half-iterations.
 * @throws {BridgeError} for a state of another format
 */
export function copyTraining({
  tensors,
  facts,
}: SavedTraining): Pick<SavedHalf, "whole"> & { pass: SavedHalf["pass"] | null } {
  if (facts.format !== 1)
    throw argumentError(`the state is of format ${facts.format}; this version reads format 1`);
  const pass = facts.pass === null ? null : (fromJsonState(facts.pass) as HalfIterationState);
  const copies = tidy(() => new Map([...tensors].map(([name, t]) => [name, t.clone().keep()])));
  return { pass, whole: { tensors: copies, facts } };
}

/**
 * Copies named tensors into a state.
 * @throws {TorchError} if names or shapes do not fit.
 */
export function putTensors(
  state: TrainState,
  directions: readonly Direction[],
  { tensors, pass }: { tensors: ReadonlyMap<string, Tensor>; pass: InProgress | null },
): void {
  for (const d of directions) {
    state.networks[d].loadStateDict(tensorsUnder(tensors, `network/${d}/`));
    state.emas?.[d].loadStateDict(tensorsUnder(tensors, `ema/${d}/`));
    const updates = tensors.get(`ema_updates/${d}`);
    if (updates) state.emas?.[d].updates?.copy_(updates);
    const isOwn = pass !== null && belongsTo(d, pass, directions);
    const optimizer = isOwn ? pass.optimizer : state.optimizers[d];
    const part = tensorsUnder(tensors, `optimizer/${d}/`);
    // Before its first step an optimiser has no tensors.
    if (part.size > 0) optimizer?.loadStateDict(part);
    const standing = tensorsUnder(tensors, `sampler/${d}/`);
    if (pass && standing.size > 0) state.samplers[d].loadStateDict(standing);
  }
}

const tensorsUnder = (tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, t]) => [name.slice(prefix.length), t]),
  );

/** A state as JSON, with bytes as {"base64": …}. */
function toJsonState(value: SavedValue): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toJsonState(v)]));
}

function fromJsonState(value: unknown): SavedValue {
  if (typeof value !== "object" || value === null) return value as SavedValue;
  const { base64 } = value as { base64?: unknown };
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, fromJsonState(v)]),
  ) as SourceState;
}
