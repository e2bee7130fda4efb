// A training made by hand becomes a run that the library opens, and that samples as the training does.
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  brownian,
  gammaGrid,
  gammaSchedule,
  type Method,
  methods,
  ornsteinUhlenbeck,
  preconditioned,
  uniformGrid,
} from "@dsbm/bridge";
import { createNetwork, DriftNetwork, ScoreNetwork } from "@dsbm/nets";
import { Generator, nn, randn, type Tensor } from "@dsbm/torch";
import type { Problem } from "@dsbm/train";
import { beforeEach, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { openBridge } from "../src/library/bridge.js";
import { Training } from "../src/library/training.js";

const root = scratch();

let generator: Generator;
beforeEach(() => {
  generator = Generator.create(3);
});

type Changes = Partial<Pick<Problem, "process" | "data">> &
  Partial<Problem["method"]> & { grid?: Problem["schedule"]["grid"]; halves?: number };

function problem({ process = brownian(), data, grid, halves = 2, ...method }: Changes): Problem {
  return {
    data: data ?? { x0: randn([60, 2], { generator }), x1: randn([40, 2], { generator }).add(2) },
    process,
    method: {
      method: methods.dsbm,
      network: () => new ScoreNetwork(2, { hidden: [8] }),
      ...method,
    },
    schedule: { grid: grid ?? uniformGrid(4), halfIterations: halves, steps: 3 },
    optimisation: { batchSize: 8, lr: 0.01 },
    execution: { threads: 1, logEvery: 1 },
    seed: 5,
  };
}

async function trained(changes: Changes): Promise<Training> {
  const training = new Training(problem(changes));
  for await (const event of training.run()) void event;
  return training;
}

it.each<[string, () => Changes]>([
  [
    "a network of vectors, averaged nowhere, on a grid of its own",
    () => ({ grid: { times: [0, 0.1, 0.9, 1], steps: [0.1, 0.8, 0.1] } }),
  ],
  [
    "networks of drifts, an Ornstein–Uhlenbeck process, growing steps",
    () => ({
      process: ornsteinUhlenbeck({ sigma: 0.7 }),
      network: (direction) => new DriftNetwork(2, { direction, hidden: [8, 8], frequencies: 3 }),
      grid: gammaGrid(gammaSchedule(4, { gamma_min: 0.01, gamma_max: 0.09 })),
      parametrisation: { meanMatch: true, stdTrick: false, lossScale: false },
      lastNoise: false,
    }),
  ],
  [
    "one network for both directions",
    () => {
      const method: Method = methods.alpha_dsbm;
      const create = () =>
        createNetwork({
          model: { name: "MLP", hidden: [8] },
          shape: [2],
          direction: "b",
          bidirectional: true,
        });
      const model = method.model as NonNullable<Method["model"]>;
      const facts = { shape: [2], direction: "b", generator, createNetwork: create } as const;
      const network = () => model.create(facts);
      return { method, network };
    },
  ],
  [
    "preconditioned networks, by a mixture, moments of the data",
    () => {
      const method = preconditioned(methods.dsbm, { components: 3 });
      const model = method.model as NonNullable<Method["model"]>;
      const createNetwork = () => new ScoreNetwork(2, { hidden: [8] });
      const network = (direction: "b" | "f") =>
        model.create({ shape: [2], direction, generator, createNetwork });
      return { method, network, matchMoments: true };
    },
  ],
])("%s", async (name, changes) => {
  const training = await trained(changes());
  const folder = training.save(join(root, name));
  const { data } = training.problem;
  using bridge = openBridge(folder);
  const { x } = await bridge.sample(data.x0, { seed: 1 });
  expect(x.shape.slice(1)).toEqual(data.x0.shape.slice(1));
  expect(x.isfinite().all().item()).toBe(true);
  training.dispose();
});

class Own extends nn.Module {
  layer = new nn.Linear(2, 2, { generator });
  forward(x: Tensor, t: Tensor): Tensor {
    return this.layer.forward(x).mul(t.reshape([-1, 1]));
  }
}

it("networks of another class are built by the program that opens them", async () => {
  const network = () => new Own();
  const training = await trained({ network });
  const folder = training.save(join(root, "own"));
  const x = [[0.5, 1]];
  using bridge = openBridge(folder, { network });
  expect((await bridge.sample(x)).x[0]).toHaveLength(2);
  expect(() => openBridge(folder)).toThrow(
    /class Own of another program.*openBridge\(".*own", { network: \(direction\) => new Own\(…\) }\)/,
  );
  training.dispose();
});

it("refuses what no run can have, and leaves nothing", async () => {
  const folder = join(root, "refused");
  const save = async (changes: Changes) => {
    const training = await trained({ halves: 1, ...changes });
    try {
      return training.save(folder);
    } finally {
      training.dispose();
    }
  };
  const mine: Method = { ...(methods.dsbm as Method), name: "mine" };
  await expect(save({ method: mine })).rejects.toThrow(/method mine .* methods.mine = /);
  const process = { ...ornsteinUhlenbeck(), own: null };
  await expect(save({ process })).rejects.toThrow(/would not sample as this training does/);
  const network = () => new DriftNetwork(2, { direction: "f", hidden: [8] });
  await expect(save({ network })).rejects.toThrow(/would not sample as this training does/);
  expect(existsSync(folder)).toBe(false);
  expect(() => new Training(problem({})).save(folder)).toThrow(/nothing is trained yet/);
});
