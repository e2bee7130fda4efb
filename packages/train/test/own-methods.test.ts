// Methods that the library does not have, defined here: an online one with one network for both directions, and one that
// is fitted in closed form. The ordinary driver and sampler train, save, resume and sample both.
import {
  type Batch,
  brownian,
  independent,
  type Method,
  methods,
  type Pairs,
  uniformGrid,
} from "@dsbm/bridge";
import { gaussianEndpoints } from "@dsbm/data";
import { MLP } from "@dsbm/nets";
import { Buffer, call, cat, eye, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { distance, normal, seeded } from "../../../test/support/numbers.js";
import type { Problem } from "../src/problem.js";
import type { SavedTraining } from "../src/state/state.js";
import { Training } from "../src/training.js";
import { withFields } from "./support.js";

const dim = 2;
const sigma = 1;

// The Schrödinger bridge flow (De Bortoli et al. 2024): after a first pass on independent pairs, each step trains on
// bridges to the ends that both directions of the averaged network make of the data.
interface OnlineRows extends Pairs {
  /** Ends that the backward and the forward direction made. */
  readonly made0: Tensor;
  readonly made1: Tensor;
}

const online: Method<OnlineRows> = {
  name: "online",
  predicts: "drift",
  networks: "bidirectional",
  optimizer: "renewed",
  eps: 1e-3,
  pairs: false,
  online: true,
  rows({ newest, data, generator, simulate }) {
    const { x0, x1 } = independent(data, generator);
    if (newest === null) return { x0, x1, made0: x0, made1: x1 };
    return { x0, x1, made0: simulate("b", x1), made1: simulate("f", x0) };
  },
  regression({ x0, x1, made0, made1 }, { process, t, noise }) {
    const ends = { f: { x0: made0, x1 }, b: { x0, x1: made1 } };
    return (["f", "b"] as const).map((direction) => {
      const sample = { ...ends[direction], t, z: noise(x0) };
      return { x: process.bridge(sample), t, target: process.target(direction, sample), direction };
    });
  },
};

class TwoWays extends nn.Module {
  net = new MLP(dim + 2, [64, 64, dim], { generator: seeded(3) });
  forward(x: Tensor, t: Tensor, { direction }: { direction?: Tensor | undefined } = {}): Tensor {
    return this.net.forward(
      cat([x, t.unsqueeze(1), (direction as Tensor).unsqueeze(1)], { dim: 1 }),
    );
  }
}

// The bridge between Gaussians with the moments of the data (Bunne et al. 2023), for a process of variance ε a unit of
// time. The symmetric square root of a matrix is that of its eigenvalues.
function power(a: Tensor, p: number): Tensor {
  const [values, vectors] = a.linalgEigh();
  return vectors.mul(values.pow(p)).matmul(vectors.transpose(0, 1));
}

class FittedBridge extends nn.Module {
  mean = new Buffer(zeros([2, dim]));
  /** Covariances of the ends, and C of the pair. */
  cov = new Buffer(zeros([3, dim, dim]));
  fit(x0: Tensor, x1: Tensor, eps: number): void {
    const one = eye(dim);
    const [m0, m1] = [x0.mean([0]), x1.mean([0])];
    const [A, B] = [x0.sub(m0), x1.sub(m1)].map((x) => x.transpose(0, 1).matmul(x).div(x.size(0)));
    const [root, inverse] = [power(A as Tensor, 0.5), power(A as Tensor, -0.5)];
    const D = power(
      root
        .matmul(B as Tensor)
        .matmul(root)
        .add(one.mul(eps ** 2 / 4)),
      0.5,
    );
    const C = root
      .matmul(D)
      .matmul(inverse)
      .sub(one.mul(eps / 2));
    this.mean.copy_(cat([m0, m1]).reshape([2, dim]));
    this.cov.copy_(cat([A as Tensor, B as Tensor, C]).reshape([3, dim, dim]));
  }
  forward(x: Tensor, t: Tensor, { direction }: { direction?: Tensor | undefined } = {}): Tensor {
    const [A, B, C] = this.cov.unbind() as [Tensor, Tensor, Tensor];
    const [m0, m1] = this.mean.unbind() as [Tensor, Tensor];
    const s = t.narrow(0, 0, 1).unsqueeze(1);
    const [r, eps] = [s.rsub(1), sigma ** 2];
    const noise = eye(dim).mul(eps);
    const crossed = C.add(C.transpose(0, 1)).add(noise).mul(r.mul(s));
    const cov = A.mul(r.square()).add(B.mul(s.square())).add(crossed);
    const inverse = (call("aten::linalg_inv_ex", "", cov) as Tensor[])[0] as Tensor;
    const [P, Q] = [B.mul(s).add(C.mul(r)), A.mul(r).add(C.mul(s))];
    const S = P.sub(Q.transpose(0, 1)).sub(noise.mul(s));
    const away = x.sub(m0.lerp(m1, s)).matmul(inverse);
    const forward = m1.sub(m0).add(away.matmul(S));
    // Backward: the same flow against time, and twice the pull of the score.
    const sign = (direction as Tensor).mul(2).sub(1).unsqueeze(1);
    return forward.mul(sign).sub(away.mul(eps).mul((direction as Tensor).rsub(1).unsqueeze(1)));
  }
}

const fitted: Method<Batch> = {
  name: "fitted",
  predicts: "drift",
  networks: "bidirectional",
  optimizer: "renewed",
  eps: 0,
  pairs: false,
  fit({ network, data, process }) {
    (network as FittedBridge).fit(data.x0, data.x1, process.sigma ** 2);
    return 0;
  },
};

let data: { x0: Tensor; x1: Tensor };
beforeAll(() => {
  data = tidy(() => {
    const { x0, x1 } = gaussianEndpoints({ n: 4000, dim, a: 0.5, generator: seeded(1) });
    return { x0: x0.keep(), x1: x1.keep() };
  });
});
afterAll(() => {
  data.x0.dispose();
  data.x1.dispose();
});

const problems: Record<string, () => Problem> = {
  online: () =>
    withFields(
      { data, process: brownian({ sigma }) },
      {
        ...{ method: online, network: () => new TwoWays(), grid: uniformGrid(10) },
        ...{ sequence: ["b"], halfIterations: 2, firstSteps: 250, steps: 150, batchSize: 192 },
        ...{ lr: 3e-3, emaRate: 0.98, emaWarmup: true, threads: 1, lastNoise: false, seed: 2 },
      },
    ),
  fitted: () =>
    withFields(
      { data, process: brownian({ sigma }) },
      {
        ...{ method: fitted, network: () => new FittedBridge(), grid: uniformGrid(50) },
        ...{ sequence: ["b"], halfIterations: 1, steps: 1, threads: 1, emaRate: 0.9 },
      },
    ),
};

const state = ({ state: { networks, samplers } }: Training) =>
  [networks.b, samplers.b].flatMap((net) =>
    [...net.stateDict().values()].flatMap((t) => t.toNumbers()),
  );

/** A copy of what is saved, as files would keep it. */
const copied = ({ tensors, facts }: SavedTraining): SavedTraining => ({
  tensors: new Map([...tensors].map(([name, t]) => [name, t.clone().keep()])),
  facts: JSON.parse(JSON.stringify(facts)),
});

describe.each(Object.keys(problems))("%s", (name) => {
  const problem = problems[name] as () => Problem;
  let training: Training;
  beforeAll(async () => {
    training = new Training(problem());
    for await (const _ of training.run());
  });
  afterAll(() => training.dispose());

  it("samples the Schrödinger bridge between Gaussians, in both directions", () =>
    tidy(() => {
      const exact = (Math.sqrt(4 + sigma ** 4) - sigma ** 2) / 2;
      for (const direction of ["f", "b"] as const) {
        const start = direction === "f" ? data.x0 : data.x1;
        const ends = training.sampler.endpoints(direction, start, { generator: seeded(7) });
        const centred = (x: Tensor) => x.sub(x.mean([0]));
        const cov = centred(start).mul(centred(ends)).mean().item();
        expect(Math.abs(cov - exact)).toBeLessThan(0.06);
        expect(Math.abs(ends.mean().item() - (direction === "f" ? 0.5 : -0.5))).toBeLessThan(0.08);
        expect(Math.abs(centred(ends).square().mean().item() - 1)).toBeLessThan(0.12);
      }
    }));

  it("goes on from a saved point with the same bits", async () => {
    let saved: SavedTraining | null = null;
    const first = new Training(problem());
    const pauseAt = ({ half, step }: { half: number; step: number }) => half === 2 && step === 37;
    for await (const { type, half } of first.run({ pauseAt }))
      if (type === "pause" || (type === "half" && half === 1 && name === "fitted")) {
        saved = copied(first.save());
        break;
      }
    first.dispose();
    const second = new Training(problem());
    second.restore(saved as unknown as SavedTraining);
    for await (const _ of second.run());
    expect(state(second)).toEqual(state(training));
    second.dispose();
    for (const t of (saved as unknown as SavedTraining).tensors.values()) t.dispose();
  });

  it("carries rows the same however they are cut", async () => {
    const x = normal([1100, dim], 5).to("float32");
    const carried = async (cuts: number[]) => {
      const parts: Tensor[] = [];
      let first = 0;
      for (const n of cuts) {
        const onState = (_k: number, end: Tensor) => void parts.push(end.clone());
        await training.sampler.carry("f", x.narrow(0, first, n), { seed: 3, first, onState });
        first += n;
      }
      return cat(parts);
    };
    expect(distance(await carried([1100]), await carried([500, 600]))).toBe(0);
  });
});

it("a method without the functions that it needs is refused", () => {
  const wrong = (changes: Partial<Method>) => () =>
    new Training(
      withFields(problems.fitted?.() as Problem, {
        method: { ...methods.dsbm, ...changes } as Method,
      }),
    );
  expect(wrong({ regression: undefined as never })).toThrow(/neither fit, nor rows and one of/);
  expect(wrong({ predicts: "plan" })).toThrow(/predicts a plan; give it the function plan/);
});
