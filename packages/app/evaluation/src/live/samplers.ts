// How an evaluation makes ends of starts: by the run's own sampler, or along its probability flow; in training or of a
// finished run alike.
import type { Conditions, Direction, TimeGrid } from "@dsbm/bridge";
import type { Generator, Tensor } from "@dsbm/torch";
import { type FollowOptions, type Sampler, timesOf } from "@dsbm/train";

interface CarryOptions {
  generator: Generator;
  /** Conditions, a row for each start. */
  given: Conditions | undefined;
  /** Steps at which states are wanted, the last one included; null: none. */
  at?: readonly number[] | null;
}

/** Carries samples [n, …] from one end to the other. */
export interface TestSampler {
  readonly kind: "sde" | "ode";
  /** Steps of its grid, of several data sets in a row those of each interval. */
  readonly steps: number;
  /** Ends [n, …], the wanted states [k, n, …], and how often networks were evaluated. */
  carry(
    direction: Direction,
    x: Tensor,
    options: CarryOptions,
  ): { ends: Tensor; states: Tensor | null; nfe: number };
  /** States [T, n, …] at process times, the start first. */
  path(direction: Direction, x: Tensor, options: CarryOptions): { states: Tensor; times: number[] };
}

/** The sampler that training uses, on the grid of evaluations. */
export function plainSampler(
  sampler: Sampler,
  grid: TimeGrid,
  { lastNoise, steps }: { lastNoise: boolean; steps?: number },
): TestSampler {
  const nfe = grid.steps.length;
  return {
    kind: "sde",
    steps: steps ?? nfe,
    carry(direction, x, { at, ...carried }) {
      if (!at) {
        const ends = sampler.endpoints(direction, x, { grid, lastNoise, ...carried });
        return { ends, states: null, nfe };
      }
      const states = sampler.path(direction, x, { grid, lastNoise, at, ...carried });
      return { ends: states.select(0, -1), states, nfe };
    },
    path: (direction, x, { generator, given }) => ({
      states: sampler.path(direction, x, { grid, lastNoise, generator, given }),
      times: timesOf(direction, grid),
    }),
  };
}

/** The probability flow of networks whose weights do not change; a batch is one system to an adaptive solver. */
export function flowSampler(
  sampler: Sampler,
  grid: TimeGrid,
  options: Omit<FollowOptions, "times" | "given">,
): TestSampler {
  return {
    kind: "ode",
    steps: grid.steps.length,
    carry(direction, x, { given }) {
      const { states, nfe } = sampler.follow(direction, x, { ...options, given });
      return { ends: states.select(0, -1), states: null, nfe };
    },
    path(direction, x, { given }) {
      const times = timesOf(direction, grid);
      return { states: sampler.follow(direction, x, { ...options, times, given }).states, times };
    },
  };
}
