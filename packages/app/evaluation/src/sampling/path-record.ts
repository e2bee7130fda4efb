import { type Direction, PathEnergy } from "@dsbm/bridge";
import { cat, type Tensor } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { Metric } from "../metric.js";
import type { Subject } from "../subject.js";
import { KeptTensors } from "../tensors.js";
import {
  byMass,
  middleSteps,
  type Sampling,
  stepAt,
  type VisitState,
} from "./sample-in-batches.js";

/** A state [n, …] of a batch, and its masses [n] of a method with growth. */
interface BatchState {
  x: Tensor;
  weights: Tensor | null;
}

interface RecordedPaths {
  direction: Direction;
  sampling: Sampling;
  /** Number of paths. */
  n: number;
  /** Whether the time allows all rows: the energies of few rows tell little. */
  isWhole: boolean;
}

/** What metrics need of the paths of a set: the states of some steps, and the energy. */
export class PathRecord implements Disposable {
  /** The energy of the paths; null if no metric needs it, or without time or an SDE. */
  readonly energy: PathEnergy | null;
  /** Records a state; undefined if no metric needs states. */
  readonly visit: VisitState | undefined;
  readonly #kept = new KeptTensors();
  readonly #batches = new Map<number, BatchState[]>();

  constructor(
    { datasets }: Subject,
    metrics: readonly Metric[],
    { direction, sampling, n, isWhole }: RecordedPaths,
  ) {
    const { grid, solver } = sampling;
    const times = timesOf(direction, grid);
    const stops = datasets.chain?.times.slice(1, -1).map((t) => stepAt(times, t)) ?? [];
    const indexes = new Set([
      ...middleSteps({ direction, sampling }),
      ...stops,
      ...metrics.flatMap((metric) => metric.states?.(grid.steps.length) ?? []),
    ]);
    const isSummed = isWhole && solver === "sde" && metrics.some(({ usesEnergy }) => usesEnergy);
    this.energy = isSummed ? new PathEnergy(n) : null;
    if (!isSummed && indexes.size === 0) return;
    this.visit = (k, state, { weights, energies }) => {
      if (energies) this.energy?.add(energies);
      if (indexes.has(k)) this.#add(k, state, weights);
    };
  }

  #add(k: number, state: Tensor, weights: Tensor | null): void {
    const { keep } = this.#kept;
    const batch = { x: keep(() => state), weights: weights && keep(() => weights) };
    this.#batches.set(k, [...(this.#batches.get(k) ?? []), batch]);
  }

  /** The states [n, …] by step, drawn by mass for a method with growth; `kept` frees them. */
  states({ keep }: KeptTensors): Map<number, Tensor> {
    return new Map([...this.#batches].map(([k, batches]) => [k, keep(() => rowsOf(batches))]));
  }

  [Symbol.dispose](): void {
    this.#kept[Symbol.dispose]();
    this.energy?.dispose();
  }
}

function rowsOf(batches: readonly BatchState[]): Tensor {
  const masses = batches.flatMap(({ weights }) => weights ?? []);
  return byMass(cat(batches.map(({ x }) => x)), masses.length > 0 ? cat(masses) : null);
}
