// Time courses: a chain of exact Gaussian bridges is met at every time, every method that learns
// chains comes close to its data there, rows keep their interval, and a resumed training has the
// same bits.
import {
  brownian,
  type Conditions,
  chainEndpoints,
  chainOf,
  type Direction,
  disposeSome,
  FittedGaussian,
  gridBetween,
  intervalsOf,
  type Method,
  methods,
  minibatchExact,
  type Network,
  uniformGrid,
  wholeField,
  wholeGrid,
  withAbsoluteTime,
  withinIntervals,
} from "@dsbm/bridge";
import { createNetwork } from "@dsbm/nets";
import { full, nn, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { afterAll, describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { distance, expectMoments, generatorOf, summary } from "../../../../test/support/numbers.js";
import { Sampler } from "../src/sampler/sampler.js";
import { timesOf } from "../src/sampler/times.js";
import { type Fields, runTraining, sampleInParts, tinyProblem } from "./support.js";

const chain = chainOf([0, 0.3, 1]);
const laws = [
  { mean: -1, std: 0.5 },
  { mean: 1, std: 1 },
  { mean: 0, std: 0.6 },
];
const sigma = 0.8;
/** Rows of Gaussians, standardised, so that their moments are exact. */
const rows = laws.map(({ mean, std }, i) =>
  tidy(() => {
    const z = randn([600, 2], { generator: generatorOf(40 + i) });
    const white = z.sub(z.mean(0)).div(z.std({ dim: 0, correction: 0 }));
    return white.mul(std).add(mean).keep();
  }),
);
/** Expects samples with the moments of a marginal. */
function expectLaw(samples: Tensor, marginal: number, within: number): void {
  const { mean, std } = laws[marginal];
  const moments = summary(samples);
  expect(Math.abs(moments.mean - mean)).toBeLessThan(within);
  expect(Math.abs(Math.sqrt(moments.var) - std)).toBeLessThan(within);
}
const data = chainEndpoints(
  rows.map((x) => ({ x })),
  chain,
);
afterAll(() => {
  disposeSome(data);
  for (const t of rows) t.dispose();
});

/** The drift of the exact chain in the time of the whole process, by the closed form of each interval. */
class Exact extends nn.Module {
  readonly #fits = intervalsOf(chain).map(({ index, length }) => {
    const fit = new FittedGaussian([2]);
    fit.fit(rows[index], rows[index + 1], sigma ** 2 * length);
    return fit;
  });
  constructor(readonly direction: Direction) {
    super();
  }
  forward(x: Tensor, t: Tensor, given: Conditions = {}): Tensor {
    expect(given.interval).toBeUndefined();
    const way = { direction: full([x.size(0)], this.direction === "f" ? 1 : 0) };
    return intervalsOf(chain)
      .map(({ from, length }, i) => {
        const s = t.sub(from).div(length);
        const edge =
          this.direction === "f"
            ? s.ge(-1e-6).logicalAnd(s.lt(1 - 1e-6))
            : s.gt(1e-6).logicalAnd(s.le(1 + 1e-6));
        const drift = this.#fits[i].forward(x, s.clamp({ min: 0, max: 1 }), way);
        return drift.div(length).mul(edge.to("float32").unsqueeze(1));
      })
      .reduce((a, b) => a.add(b));
  }
}

/** The drift t·x plus x with its coordinates exchanged, in the time of the whole process. */
class Exchange extends nn.Module {
  forward(x: Tensor, t: Tensor): Tensor {
    return x.mul(t.unsqueeze(1)).add(x.flip([1]));
  }
}

describe("a chain of exact bridges", () => {
  const networks = {
    f: withAbsoluteTime(new Exact("f"), chain),
    b: withAbsoluteTime(new Exact("b"), chain),
  };
  const grid = uniformGrid(10);
  /** A sampler of a drift that depends on points and times, on four steps of each interval. */
  const samplerOf = (course: typeof chain) => {
    const field = new Exchange();
    const network = withAbsoluteTime(field, course);
    const within = uniformGrid(4);
    const facts = { method: methods.dsbm, process: brownian({ sigma }), chunkRows: 200 };
    return {
      chain: course,
      network,
      grid: wholeGrid(course, within),
      sampler: new Sampler({ ...facts, chain: course, grid: within, networks: { f: network } }),
    };
  };
  const sampler = new Sampler({
    method: methods.dsbm,
    process: brownian({ sigma }),
    networks,
    grid,
    chain,
    chunkRows: 200,
  });
  const whole = wholeGrid(chain, grid);
  const many = (k: number) => rows[k].repeat([5, 1]);

  it.each([
    ["f", [0, 1, 2]],
    ["b", [2, 1, 0]],
  ] as const)("has the marginals of its data (%s)", async (direction, order) => {
    const { states } = await sampleInParts(sampler, many(order[0]), {
      seed: 1,
      direction,
      path: true,
    });
    for (const [i, marginal] of order.entries()) expectLaw(states[10 * i], marginal, 0.08);
  });

  it("spends the energy of the whole drift, by programs that equal intervals share", async () => {
    const own = samplerOf(chainOf([0, 1 / 3, 2 / 3, 1]));
    const start = rows[0].narrow(0, 0, 200);
    const spent: number[] = [];
    const expected: number[] = [];
    const times = timesOf("f", own.grid);
    const drift = wholeField(
      own.chain,
      "f",
      (conditions) => (x, t) => own.network.forward(x, t, conditions),
      undefined,
    );
    await own.sampler.sample("f", start, {
      seed: 3,
      path: true,
      energies: true,
      onState(k, state, energies) {
        if (energies) spent.push(energies.mean().item());
        const dt = own.grid.steps[k] ?? 0;
        const t = full([200], times[k]);
        expected.push(drift(state, t).square().sum(1).mean().item() * dt);
      },
    });
    expect(spent).toHaveLength(12);
    for (const [k, energy] of spent.entries()) expect(energy / expected[k]).toBeCloseTo(1, 4);
    // Four steps of an interval are one program.
    expect(own.sampler.programs).toBe(1);
  });

  it("passes a time within an interval with the law of the closed form", async () => {
    const at = whole.times.findIndex((t) => Math.abs(t - 0.65) < 1e-9);
    const { states } = await sampleInParts(sampler, many(0), { seed: 2, path: true });
    const epsilon = sigma ** 2 * 0.7;
    const fit = new FittedGaussian([2]);
    fit.fit(rows[1], rows[2], epsilon);
    // In the middle: A/4 + B/4 + C/2 + ε/4.
    const [A = 0, B = 0, C = 0] = fit.covariance.select(1, 0).select(1, 0).toNumbers();
    expectMoments(states[at], { mean: 0.5, var: (A + B + 2 * C + epsilon) / 4 });
  });

  it("is carried and followed through the same times, with noise of a seed", async () => {
    const options = { seed: 1, path: true };
    const { states, evaluations } = await sampleInParts(sampler, many(0), options);
    expect(states).toHaveLength(21);
    expect(evaluations).toEqual([20 * 3000]);
    expect(distance(states[0], many(0))).toBe(0);
    const ends = await sampleInParts(sampler, many(0), { seed: 1 });
    expect(distance(ends.states[0], states[20])).toBe(0);
    const heun = { ...options, solver: "heun", step_size: 0.1 } as const;
    const flow = await sampleInParts(sampler, rows[0], heun);
    expect(flow.states).toHaveLength(21);
    for (const k of [10, 20]) expectLaw(flow.states[k], k / 10, 0.08);
    const back = sampler.flow("b", flow.states[20], {
      ...{ solver: "heun", step_size: 0.05, times: [1, 0.65, 0.3, 0.1, 0] },
    });
    expect(back.states.shape).toEqual([5, 600, 2]);
    expect(distance(back.states.select(0, 4), rows[0])).toBeLessThan(0.1);
  });

  it.each(["sde", "heun"] as const)(
    "is carried through a part of the time as within the whole (%s)",
    async (solver) => {
      const options = { seed: 1, path: true, solver, step_size: 0.1 };
      const { states } = await sampleInParts(sampler, rows[0], { ...options, grid: whole });
      const stop = chain.times[1];
      const inner = whole.times[14];
      const first = await sampleInParts(sampler, rows[0], {
        ...options,
        grid: gridBetween(whole, 0, inner),
      });
      expect(first.states).toHaveLength(15);
      expect(distance(first.states[14], states[14])).toBeLessThan(1e-5);
      const second = await sampleInParts(sampler, states[10], {
        ...options,
        grid: gridBetween(whole, stop, 1),
      });
      expect(second.states).toHaveLength(11);
      expect(distance(second.states[10], states[20])).toBeLessThan(1e-5);
    },
  );
});

it("transport pairs rows of a chain within their interval only", () => {
  const interval = tensor([0, 1, 0, 1, 0, 1], { dtype: "int64" });
  const x0 = tensor([[0], [0.1], [1], [1.1], [2], [2.1]]);
  const x1 = tensor([[2], [1.1], [0], [2.1], [1], [0.1]]);
  const couple = withinIntervals(minibatchExact({ replace: false }));
  const pairs = couple({ x0, x1, conditions: { interval } }, generatorOf(1));
  expect(pairs.conditions?.interval?.toNumbers()).toEqual([0, 0, 0, 1, 1, 1]);
  expect(distance(pairs.x0, pairs.x1)).toBe(0);
  expect(pairs.x0.flatten().toNumbers().toSorted()).toEqual(x0.flatten().toNumbers().toSorted());
});

const networkOn =
  (method: Method, width = 32) =>
  (direction: Direction): Network => {
    const generator = generatorOf(direction === "f" ? 3 : 4);
    const create = ({ bidirectional = false } = {}) =>
      createNetwork({
        model: { name: "MLP", hidden: [width, width] },
        ...{ shape: [2], direction, bidirectional, generator },
      });
    const facts = { shape: [2], direction, generator, chain, createNetwork: create };
    return method.model?.create(facts) ?? withAbsoluteTime(create(), chain);
  };

const problem = (method: Method, changes: Fields = {}) =>
  tinyProblem(method, {
    data,
    process: brownian({ sigma }),
    network: networkOn(method),
    grid: uniformGrid(10),
    chunkRows: 600,
    ...changes,
  });

describe("training on a chain", () => {
  const learning: Fields = {
    steps: 250,
    batchSize: 256,
    lr: 1e-2,
    lrSchedule: "cosine",
    halfIterations: 2,
    firstPass: 2,
  };
  it.each([
    ["DSBM", methods.dsbm, {}],
    ["[SF]²M", methods.sf2m, { sequence: ["b"], halfIterations: 1, batchSize: 64 }],
    [
      "α-DSBM",
      methods.alpha_dsbm,
      {
        sequence: ["b"],
        firstPass: 1,
        steps: 15,
        firstSteps: 150,
        batchSize: 64,
        cacheGrid: uniformGrid(4),
      },
    ],
  ] as const)("%s comes near every marginal", async (_, method, changes) => {
    const training = await runTraining(problem(method, { ...learning, ...changes }));
    for (const [direction, order] of [
      ["f", [0, 1, 2]],
      ["b", [2, 1, 0]],
    ] as const) {
      const start = rows[order[0]].repeat([3, 1]);
      const options = { seed: 5, direction, path: true };
      const { states } = await sampleInParts(training.sampler, start, options);
      for (const i of [1, 2]) expectLaw(states[10 * i], order[i], 0.2);
    }
  });
});
