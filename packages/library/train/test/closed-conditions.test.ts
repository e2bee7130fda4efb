// Models in closed form under conditions: given a condition, each is the model without conditions
// that has its parameters, and LightSB learns a mixture for each class and a mixture that moves
// with a number.
import {
  brownian,
  type ConditionKind,
  type Conditions,
  type Direction,
  FittedGaussian,
  type Method,
  MixturePotential,
  methods,
  type Network,
  PointBridge,
  uniformGrid,
} from "@dsbm/bridge";
import { arange, cat, full, type nn, noGrad, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { mixtureLogLikelihood } from "../../../../test/support/densities.js";
import { it } from "../../../../test/support/in-scope.js";
import { distance, seeded } from "../../../../test/support/numbers.js";
import type { Training } from "../src/training.js";
import { tiny, trained } from "./support.js";

const d = 2;
const classes: ConditionKind = { classes: 2, numbers: 0 };
const numbers: ConditionKind = { classes: 0, numbers: 1 };
const x = randn([6, d], { generator: seeded(1) });
const z = randn([6, d], { generator: seeded(2) });
/** Classes 0 and 1 in turn, as labels and as inputs of networks. */
const y = tensor([0, 1, 0, 1, 0, 1], { dtype: "int64" });
const oneHot = tensor([1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1], { shape: [6, 2] });
const cut = (c: number) => tensor([c, c + 2, c + 4], { dtype: "int64" });

/** Parameters of a seed. */
const shaken = <M extends nn.Module>(model: M, seed: number) => {
  noGrad(() => {
    for (const p of model.parameters())
      p.copy_(randn(p.shape, { generator: seeded(seed) }).mul(0.5));
  });
  return model;
};
const mixture = (conditions?: ConditionKind) => {
  const model = new MixturePotential([d], { direction: "f", components: 3, conditions });
  model.epsilon.fill_(0.8);
  return model;
};

/** The mixture without conditions that has these entries of the parameters. */
const sliced = (model: MixturePotential, entryOf: (parameter: Tensor) => Tensor) => {
  const plain = mixture();
  noGrad(() => {
    for (const name of ["log_alpha", "log_S", "r"] as const)
      plain[name].copy_(entryOf(model[name]));
  });
  return plain;
};

/** All that a mixture gives for these rows of x. */
const outputs = (model: MixturePotential, given?: Conditions, rows = arange(0, 6).to("int64")) =>
  [
    model.forward(x, full([6], 0.3), given),
    model.forward(x, full([1], 0.3).expand([6]), given),
    model.logNormalizer(x, given),
    model.logPotential(x, given),
    model.draw(x, z, given),
    model.plan(x, given).means,
    model.plan(x, given).weights,
  ].map((t) => t.indexSelect(0, rows));

const expectNear = (some: readonly Tensor[], others: readonly Tensor[]) => {
  for (const [i, t] of some.entries()) expect(distance(t, others[i])).toBeLessThan(1e-4);
};

describe("a mixture under a condition", () => {
  it("of classes is the mixture of each", () => {
    const model = shaken(mixture(classes), 3);
    for (const given of [{ y }, { cond: oneHot }])
      for (const c of [0, 1]) {
        const plain = sliced(model, (parameter) => parameter.select(0, c));
        expectNear(outputs(model, given, cut(c)), outputs(plain, undefined, cut(c)));
      }
    expect(() => model.logNormalizer(x)).toThrow(/got no condition; expected classes/);
  });

  it.each([
    [0.5, 0.5],
    [-1, -1],
    [7, 2],
  ])("of the number %d is the mixture with the affine parameters of %d", (value, inRange) => {
    const model = shaken(mixture(numbers), 4);
    model.range?.copy_(tensor([[-1], [2]]));
    const plain = sliced(model, (p) => p.select(0, 0).add(p.select(0, 1).mul(inRange)));
    expectNear(outputs(model, { cond: full([6, 1], value) }), outputs(plain));
    const likely = mixtureLogLikelihood(model, x, x.mul(2), full([1, 1], value));
    expectNear([likely], [mixtureLogLikelihood(plain, x, x.mul(2))]);
  });
});

describe("bridges without training under a condition", () => {
  const n = 60;
  const labels = arange(0, n, { dtype: "int64" }).remainder(2);
  const ends = {
    x0: randn([n, d], { generator: seeded(5) }).add(labels.unsqueeze(1)),
    x1: randn([n, d], { generator: seeded(6) })
      .mul(labels.add(1).unsqueeze(1))
      .add(3),
  };
  const data = { ...ends, conditions: { x0: { y: labels }, x1: { y: labels } } };
  const of = (c: number) => {
    const rows = labels.eq(c).nonzero().squeeze(1);
    return { x0: ends.x0.indexSelect(0, rows), x1: ends.x1.indexSelect(0, rows) };
  };
  const times = [full([6], 0.4), full([1], 0.4).expand([6])];
  const way = { direction: full([6], 1) };

  it("are those of each class", () => {
    const gaussian = new FittedGaussian([d], classes);
    gaussian.fit(data.x0, data.x1, 0.8, data.conditions);
    const points = new PointBridge([d], "f", classes);
    points.fit(data, 0.8);
    for (const c of [0, 1]) {
      const plainGaussian = new FittedGaussian([d]);
      plainGaussian.fit(of(c).x0, of(c).x1, 0.8);
      const plainPoints = new PointBridge([d], "f");
      plainPoints.fit(of(c), 0.8);
      for (const t of times)
        for (const [drift, plain, within] of [
          [gaussian.forward(x, t, { ...way, y }), plainGaussian.forward(x, t, way), 1e-4],
          [points.forward(x, t, { cond: oneHot }), plainPoints.forward(x, t), 5e-3],
        ] as const)
          expect(distance(drift.indexSelect(0, cut(c)), plain.indexSelect(0, cut(c)))).toBeLessThan(
            within,
          );
    }
    const one = { x0: { y: labels }, x1: { y: labels.mul(0) } };
    expect(() => gaussian.fit(data.x0, data.x1, 1, one)).toThrow(/class 1 has 30 rows .* and 0/);
    expect(() => points.fit({ ...data, conditions: one }, 1)).toThrow(/class 1 has 30 rows/);
  });

  it("of a number are the regression on it and what that leaves; a Sinkhorn bridge takes none", () => {
    const cond = randn([n, 1], { generator: seeded(7) });
    const x0 = cond.mul(2).add(randn([n, d], { generator: seeded(8) }));
    const x1 = randn([n, d], { generator: seeded(9) })
      .mul(0.5)
      .sub(cond)
      .add(1);
    const model = new FittedGaussian([d], numbers);
    model.fit(x0, x1, 0.8, { x0: { cond }, x1: { cond } });
    const design = cat([cond.mul(0).add(1), cond], { dim: 1 }).to("float64");
    const c = 0.7;
    const regression = (rows: Tensor) => {
      const slopes = design.t().mm(design).linalgInv().mm(design.t()).mm(rows.to("float64"));
      const mean = tensor([[1, c]], { dtype: "float64" })
        .mm(slopes)
        .to("float32");
      return { mean, residuals: rows.to("float64").sub(design.mm(slopes)) };
    };
    const source = regression(x0);
    const target = regression(x1);
    const plain = new FittedGaussian([d]);
    plain.fit(source.residuals, target.residuals, 0.8);
    for (const t of times) {
      const mean = source.mean.mul(0.6).add(target.mean.mul(0.4));
      const want = plain.forward(x.sub(mean), t, way).add(target.mean.sub(source.mean));
      const drift = model.forward(x, t, { ...way, cond: full([6, 1], c) });
      expect(distance(drift, want)).toBeLessThan(1e-3);
    }
    expect(() => new PointBridge([d], "f", numbers)).toThrow(/takes classes .*got numbers/);
  });
});

describe("LightSB under a condition", () => {
  const n = 512;
  const source = randn([n, d], { generator: seeded(10) });
  const noise = randn([n, d], { generator: seeded(11) }).mul(0.3);
  const cond = arange(0, n)
    .div(n / 2)
    .sub(1)
    .reshape([-1, 1])
    .contiguous();
  const label = cond.squeeze(1).gt(0).to("int64");
  const apart = label.unsqueeze(1).mul(4).sub(2);
  const learn = (method: Method, target: Tensor, given: Conditions, conditions: ConditionKind) => {
    const createNetwork = () => {
      throw new Error("unused");
    };
    const network = (direction: Direction) =>
      method.model?.create({
        shape: [d],
        direction,
        generator: seeded(1),
        conditions,
        createNetwork,
      }) as Network;
    const problem = tiny(method, {
      data: { x0: source, x1: target, conditions: { x0: given, x1: given } },
      process: brownian({ sigma: 0.5 }),
      network,
      grid: uniformGrid(5),
      matchConditions: true,
      sequence: ["f"],
      halfIterations: 1,
      steps: 300,
      lr: 0.03,
      lrSchedule: "cosine",
      batchSize: 128,
    });
    return trained(problem);
  };

  it.each([
    ["lightsb", methods.lightsb({ components: 4 })],
    ["lightsb_m", methods.lightsb_m({ components: 4 })],
  ] as const)("%s ends where the class or the number says", async (_, method) => {
    const expectMean = ({ sampler }: Training, given: Conditions, mean: number) =>
      tidy(() => {
        const starts = source.narrow(0, 0, 200);
        const end = sampler.endpoints("f", starts, { generator: seeded(3), given });
        expect(Math.abs(end.mean().item() - mean)).toBeLessThan(0.5);
      });
    const byClass = await learn(method, apart.add(noise), { y: label }, classes);
    for (const c of [0, 1])
      expectMean(byClass, { y: full([200], c, { dtype: "int64" }) }, 4 * c - 2);
    const byNumber = await learn(method, cond.mul(2).add(noise), { cond }, numbers);
    for (const c of [-0.5, 0, 0.5]) expectMean(byNumber, { cond: full([200, 1], c) }, 2 * c);
  });
});
