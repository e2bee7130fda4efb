// A Gaussian problem of a second or less.
import { brownian, type Direction, type Method, type Network, uniformGrid } from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { ConditionalMLP, createNetwork, ScoreNetwork } from "@dsbm/nets";
import { tidy } from "@dsbm/torch";
import { seeded } from "../../../test/support/numbers.js";
import type { Problem } from "../src/problem.js";
import { type Fields, withFields } from "./fixtures/fields.mjs";

export { type Fields, withFields };

export const network =
  (dim: number, seed = 7, width = 16) =>
  (direction: string): Network =>
    new ScoreNetwork(dim, {
      hidden: [width],
      generator: seeded(seed + (direction === "f" ? 1 : 0)),
    });

/** The network of a method, which may have a model of its own. */
export const networkOf =
  (method: Method, dim: number, seed = 7, width = 16) =>
  (direction: Direction): Network => {
    const generator = seeded(seed + (direction === "f" ? 1 : 0));
    const shape = [dim];
    const create = ({ bidirectional = false } = {}) => {
      const model = { name: "MLP", hidden: [width] };
      return createNetwork({ model, shape, direction, bidirectional, generator });
    };
    const facts = { shape, direction, generator, create };
    return method.model?.(facts) ?? network(dim, seed, width)(direction);
  };

/** A network of `x_dim` numbers and one condition. */
export const conditional = (x_dim: number, seed: number): Network =>
  new ConditionalMLP(
    {
      ...{ x_dim, y_dim: 1, t_encoder_layers: [16] },
      ...{ xy_encoder_layers: [32], decoder_layers: [64, 64] },
    },
    { generator: seeded(seed) },
  );

// Made once: leak tests count tensors, and data that comes and goes with the collector would blur the count.
const data = tidy(() => gaussianEndpoints({ n: 96, dim: 2, a: 0.5, generator: seeded(3) }));

/** A Gaussian problem of a second or less. */
export function tiny(method: Method, changes: Fields = {}): Problem {
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
  };
  return withFields({}, { ...base, ...changes });
}
