// A Gaussian problem of a second or less.
import {
  brownian,
  type Chain,
  type Direction,
  type Method,
  type Network,
  uniformGrid,
  withAbsoluteTime,
} from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { ConditionalMLP, createNetwork, ScoreNetwork } from "@dsbm/nets";
import { cat, randn, type Tensor, tidy } from "@dsbm/torch";
import { onTestFinished } from "vitest";
import { generatorOf } from "../../../../test/support/numbers.js";
import type { TrainEvent } from "../src/events.js";
import type { Problem, Teacher } from "../src/problem.js";
import type { SamplingOptions } from "../src/sampler/options.js";
import type { Sampler } from "../src/sampler/sampler.js";
import { Training } from "../src/training.js";
import { type Fields, withFields } from "./fixtures/fields.mjs";

export { type Fields, withFields };

export const network =
  (dim: number, seed = 7, width = 16) =>
  (direction: string): Network =>
    new ScoreNetwork(dim, {
      hidden: [width],
      generator: generatorOf(seed + (direction === "f" ? 1 : 0)),
    });

/** The network of a method, which may have a model of its own. */
export const networkOf =
  (method: Method, dim: number, seed = 7, width = 16, chain?: Chain) =>
  (direction: Direction): Network => {
    const generator = generatorOf(seed + (direction === "f" ? 1 : 0));
    const shape = [dim];
    const create = ({ bidirectional = false, channels = 0 } = {}) => {
      const model = { name: "MLP", hidden: [width] };
      const request = { model, shape, direction, bidirectional, generator };
      return createNetwork({ ...request, cond_channels: channels });
    };
    const facts = {
      shape,
      direction,
      generator,
      createNetwork: create,
      chain,
    };
    const plain = network(dim, seed, width);
    return method.model?.create(facts) ?? withAbsoluteTime(plain(direction), chain);
  };

/** A network of `x_dim` numbers and one condition. */
export const conditional = (x_dim: number, seed: number): Network =>
  new ConditionalMLP(
    {
      x_dim,
      y_dim: 1,
      t_encoder_layers: [16],
      xy_encoder_layers: [32],
      decoder_layers: [64, 64],
    },
    { generator: generatorOf(seed) },
  );

// Made once: leak tests count tensors, and data that comes and goes with the collector would blur the count.
const data = tidy(() => gaussianEndpoints({ n: 96, dim: 2, a: 0.5, generator: generatorOf(3) }));

/** A problem of these fields alone. */
export const problemOf = (fields: Fields): Problem => withFields({}, fields);

/** A teacher that moves rows by 1 and adds noise. */
const shift: Teacher = {
  startSimulation(_direction, x, { generator }) {
    const end = x.add(1).add(randn(x.shape, { generator }));
    return { outputs: [end], finish: () => [end], stop() {} };
  },
};

/** A Gaussian problem of a second or less. */
export function tinyProblem(method: Method, changes: Fields = {}): Problem {
  const base: Fields = {
    data,
    process: brownian({ sigma: 1 }),
    method,
    grid: uniformGrid(4),
    network: networkOf(method, 2),
    firstCoupling: "ind",
    halfIterations: 2,
    steps: 8,
    batchSize: 32,
    lr: 1e-3,
    seed: 5,
    threads: 1,
    simulateThreads: 1,
    chunkRows: 40,
    teacher: method.rows?.simulation === "teacher" ? shift : null,
  };
  return problemOf({ ...base, ...changes });
}

/** Runs to the end, and gives what happened. */
export async function train(training: Training): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of training.run()) events.push(event);
  return events;
}

/** A training of a problem, until the test ends. */
export function trainingOf(problem: Problem): Training {
  const training = new Training(problem);
  onTestFinished(() => training.dispose());
  return training;
}

/** A training of a problem that has run to its end, until the test ends. */
export async function runTraining(problem: Problem): Promise<Training> {
  const training = trainingOf(problem);
  await train(training);
  return training;
}

/**
 * A resumed training, not yet begun, from the stop of another one of the same problem: after a
 * step, or (null) at a half-iteration's end.
 */
export async function resumedTraining(
  problem: () => Problem,
  at: { half: number; step: number | null },
): Promise<Training> {
  const [first, second] = [new Training(problem()), trainingOf(problem())];
  const pauseAt = ({ half, step }: typeof at) => half === at.half && step === at.step;
  for await (const { type, half } of first.run({ pauseAt }))
    if (type === "pause" || (type === "half" && half === at.half && at.step === null)) {
      const { tensors, facts } = first.save();
      // As files would keep it.
      second.restore({ tensors, facts: JSON.parse(JSON.stringify(facts)) });
      break;
    }
  first.dispose();
  return second;
}

/** The numbers of state dicts, one after the other. */
export const numbersOf = (...states: ReadonlyMap<string, Tensor>[]): number[] =>
  states.flatMap((state) => [...state.values()].flatMap((t) => t.toNumbers()));

/** The weights of both networks. */
export const weights = ({ state: { networks } }: Training): number[] =>
  numbersOf(networks.b.stateDict(), networks.f.stateDict());

/** What rows are carried to (default: along f), cut into `cuts`: the states that come back, and the evaluations of each part. */
export async function sampleInParts(
  sampler: Sampler,
  rows: Tensor,
  {
    cuts = [rows.size(0)],
    direction = "f",
    ...options
  }: Partial<SamplingOptions> & { seed: number; direction?: Direction; cuts?: readonly number[] },
): Promise<{ states: Tensor[]; evaluations: (number | null)[] }> {
  const states: Tensor[][] = [];
  const evaluations: (number | null)[] = [];
  let first = 0;
  for (const n of cuts) {
    const onState = (k: number, state: Tensor) => {
      states[k] ??= [];
      states[k].push(state.clone());
    };
    const start = rows.narrow(0, first, n);
    evaluations.push(await sampler.sample(direction, start, { first, onState, ...options }));
    first += n;
  }
  return { states: states.map((parts) => cat(parts)), evaluations };
}
