// How an evaluation makes ends of starts: by the run's own sampler, or along its probability flow. Whether the networks
// are in training or come from a finished run is no matter here.
import {
  type Conditions,
  conditionRows,
  conditionsIn,
  type Direction,
  type Field,
  type FlowOptions,
  type flowSolvers,
  kindsOf,
  type NetworkFlowOptions,
  networkFlow,
  ordered,
  solveFlow,
  type TimeGrid,
} from "@dsbm/bridge";
import { Generator, noGrad, type Recorded, recorded, runChunked, type Tensor } from "@dsbm/torch";
import type { Sampler } from "@dsbm/train";

/** What goes with starts. */
interface Carried {
  generator: Generator;
  /** What the networks are told beside, a row for each start. */
  given: Conditions | undefined;
}

/** Carries samples [n, C, H, W] from one end to the other. */
export interface TestSampler {
  readonly kind: "sde" | "ode";
  /** Ends [n, …], and how often the networks were asked. */
  endpoints(direction: Direction, x: Tensor, carried: Carried): { ends: Tensor; nfe: number };
  /** States [T, n, …] at process times, the start first. */
  path(direction: Direction, x: Tensor, carried: Carried): { states: Tensor; times: number[] };
}

/** The process times at which a direction stops, in its order. */
function timesOf(direction: Direction, grid: TimeGrid): number[] {
  return [direction === "f" ? 0 : 1, ...ordered(direction, grid).map(({ next }) => next)];
}

/** The sampler that training uses, on the grid of evaluations; the last step has no noise. */
export function plainSampler(sampler: Sampler, grid: TimeGrid): TestSampler {
  const lastNoise = false;
  return {
    kind: "sde",
    endpoints: (direction, x, carried) => ({
      ends: sampler.endpoints(direction, x, { grid, lastNoise, ...carried }),
      nfe: grid.steps.length,
    }),
    path: (direction, x, carried) => ({
      states: sampler.path(direction, x, { grid, lastNoise, ...carried }),
      times: timesOf(direction, grid),
    }),
  };
}

export interface FlowSamplerOptions {
  /** What flows, less the conditions, which come with each batch. */
  flow: Omit<NetworkFlowOptions, "given">;
  solver: keyof typeof flowSolvers;
  options: FlowOptions;
  /** Where paths stop to be looked at. */
  grid: TimeGrid;
  threads: number;
  /** Rows that one thread sees at a time. */
  chunkRows: number;
}

/** The probability flow of networks whose weights stay; a batch is one system to an adaptive solver. */
export function flowSampler({
  flow,
  solver,
  options,
  grid,
  threads,
  chunkRows,
}: FlowSamplerOptions): TestSampler {
  const programs = new Map<string, Recorded>();
  // Chunks are replayed with a stream that nothing reads.
  const generator = Generator.create(0);
  /** The velocity, recorded at its first evaluation. */
  const field = (given: Conditions | undefined): Field => {
    const kinds = kindsOf(given);
    const key = `${kinds}`;
    const program =
      programs.get(key) ??
      recorded((...rows) =>
        networkFlow({ ...flow, given: conditionsIn(rows, kinds) })(
          rows[0] as Tensor,
          rows[1] as Tensor,
        ),
      );
    programs.set(key, program);
    const told = conditionRows(given);
    return (x, t) => {
      const inputs = [x, t, ...told];
      const inputDims = inputs.map(() => 0);
      const cut = { rows: chunkRows, threads, generator, inputDims, outputDims: [0] };
      return runChunked(program, inputs, cut)[0] as Tensor;
    };
  };
  const follow = (x: Tensor, times: readonly number[], given: Conditions | undefined) =>
    noGrad(() => solveFlow(field(given), x, { times, solver, ...options }));
  return {
    kind: "ode",
    endpoints(direction, x, { given }) {
      const { states, nfe } = follow(x, direction === "f" ? [0, 1] : [1, 0], given);
      return { ends: states.select(0, -1), nfe };
    },
    path(direction, x, { given }) {
      const times = timesOf(direction, grid);
      return { states: follow(x, times, given).states, times };
    },
  };
}
