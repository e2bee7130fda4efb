// Models in closed form under conditions: given one, each is the model without conditions that has its parameters, and
// LightSB learns a mixture for each class and one that moves with a number.
import {
  brownian,
  type ConditionKind,
  type Conditions,
  type Direction,
  FittedGaussian,
  type Method,
  MixturePotential,
  methods,
  mixtureLogLikelihood,
  type Network,
  PointBridge,
  uniformGrid,
} from "@dsbm/bridge";
import { arange, cat, full, type nn, noGrad, randn, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { distance, seeded } from "../../../../test/support/numbers.js";
import type { Training } from "../src/training.js";
import { type Fields, tiny, trained } from "./support.js";

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
const shaken = <M extends nn.Module>(model: M, seed: number): M => {
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

/** All that a mixture gives for rows. */
const outputs = (model: MixturePotential, rows: Tensor, noise: Tensor, given?: Conditions) => [
  model.forward(rows, full([rows.size(0)], 0.3), given),
  model.forward(rows, full([1], 0.3).expand([rows.size(0)]), given),
  model.logNormalizer(rows, given),
  model.logPotential(rows, given),
  model.draw(rows, noise, given),
  model.plan(rows, given).means,
  model.plan(rows, given).weights,
];

describe("a mixture under a condition", () => {
  it("of classes is the mixture of each", () => {
    const model = shaken(mixture(classes), 3);
    for (const given of [{ y }, { cond: oneHot }]) {
      const all = outputs(model, x, z, given);
      for (const c of [0, 1]) {
        const own = mixture();
        noGrad(() => {
          for (const name of ["log_alpha", "log_S", "r"] as const)
            own[name].copy_(model[name].select(0, c));
        });
        const rows = cut(c);
        const want = outputs(own, x.indexSelect(0, rows), z.indexSelect(0, rows));
        all.forEach((t, i) => {
          expect(distance(t.indexSelect(0, rows), want[i] as Tensor)).toBeLessThan(1e-4);
        });
      }
    }
    expect(() => model.logNormalizer(x)).toThrow(/got no condition; expected classes/);
  });

  it("of a number is the mixture with affine parameters, those of the range's edge beyond it", () => {
    const model = shaken(mixture(numbers), 4);
    model.range?.copy_(tensor([[-1], [2]]));
    for (const [value, effective] of [
      [0.5, 0.5],
      [-1, -1],
      [7, 2],
    ] as const) {
      const given = { cond: full([6, 1], value) };
      const own = mixture();
      noGrad(() => {
        for (const name of ["log_alpha", "log_S", "r"] as const)
          own[name].copy_(model[name].select(0, 0).add(model[name].select(0, 1).mul(effective)));
      });
      const want = outputs(own, x, z);
      outputs(model, x, z, given).forEach((t, i) => {
        expect(distance(t, want[i] as Tensor)).toBeLessThan(1e-4);
      });
      const one = { cond: full([1, 1], value) };
      const likely = mixtureLogLikelihood(model, x, x.mul(2), one);
      expect(distance(likely, mixtureLogLikelihood(own, x, x.mul(2)))).toBeLessThan(1e-4);
    }
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
      const own = new FittedGaussian([d]);
      own.fit(of(c).x0, of(c).x1, 0.8);
      const alone = new PointBridge([d], "f");
      alone.fit(of(c), 0.8);
      const rows = cut(c);
      for (const t of times) {
        const got = [gaussian.forward(x, t, { ...way, y }), points.forward(x, t, { cond: oneHot })];
        const want = [own.forward(x, t, way), alone.forward(x, t)];
        got.forEach((drift, i) => {
          const apart = distance(
            drift.indexSelect(0, rows),
            (want[i] as Tensor).indexSelect(0, rows),
          );
          expect(apart).toBeLessThan(i === 0 ? 1e-4 : 5e-3);
        });
      }
    }
    const copy = new PointBridge([d], "f", classes).loadStateDict(points.stateDict());
    const [time] = times as [Tensor];
    expect(distance(copy.forward(x, time, { y }), points.forward(x, time, { y }))).toBe(0);
    const one = { x0: { y: labels }, x1: { y: labels.mul(0) } };
    expect(() => gaussian.fit(data.x0, data.x1, 1, one)).toThrow(/class 1 has 30 rows .* and 0/);
    expect(() => points.fit({ ...data, conditions: one }, 1)).toThrow(/class 1 has 30 rows/);
  });

  it("of a number are the regression on it and what that leaves; a Sinkhorn bridge takes none", () => {
    const cond = randn([n, 1], { generator: seeded(7) });
    const [z0, z1] = [8, 9].map((seed) => randn([n, d], { generator: seeded(seed) })) as [
      Tensor,
      Tensor,
    ];
    const [x0, x1] = [cond.mul(2).add(z0), cond.mul(-1).add(1).add(z1.mul(0.5))];
    const model = new FittedGaussian([d], numbers);
    model.fit(x0, x1, 0.8, { x0: { cond }, x1: { cond } });
    // The residuals of a regression on the same numbers, by what characterises them.
    const one = cat([cond.mul(0).add(1), cond], { dim: 1 }).to("float64");
    const rest = (rows: Tensor) => {
      const b = one.t().mm(one).linalgInv().mm(one.t()).mm(rows.to("float64"));
      return { b, left: rows.to("float64").sub(one.mm(b)) };
    };
    const [a, b] = [rest(x0), rest(x1)];
    const own = new FittedGaussian([d]);
    own.fit(a.left, b.left, 0.8);
    const c = 0.7;
    const at = tensor([[1, c]], { dtype: "float64" });
    const [m0, m1] = [at.mm(a.b), at.mm(b.b)].map((t) => t.to("float32")) as [Tensor, Tensor];
    for (const t of times) {
      const mean = m0.mul(0.6).add(m1.mul(0.4));
      const want = own.forward(x.sub(mean), t, way).add(m1.sub(m0));
      const got = model.forward(x, t, { ...way, cond: full([6, 1], c) });
      expect(distance(got, want)).toBeLessThan(1e-3);
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
  const middle = cond.mul(2);
  const apart = label.unsqueeze(1).mul(4).sub(2);
  const learned = async (
    method: Method,
    target: Tensor,
    given: Conditions,
    kind: ConditionKind,
  ) => {
    const network = (direction: Direction): Network => {
      const facts = { shape: [d], direction, generator: seeded(1), conditions: kind };
      return method.model?.create({
        ...facts,
        createNetwork: () => {
          throw new Error("unused");
        },
      }) as Network;
    };
    const fields: Fields = {
      data: { x0: source, x1: target, conditions: { x0: given, x1: given } },
      ...{ process: brownian({ sigma: 0.5 }), method, network, grid: uniformGrid(5) },
      ...{ matchConditions: true, sequence: ["f"], halfIterations: 1, steps: 300, lr: 0.03 },
      ...{ lrSchedule: "cosine", batchSize: 128 },
    };
    return trained(tiny(method, fields));
  };
  it.each([
    ["lightsb", methods.lightsb({ components: 4 })],
    ["lightsb_m", methods.lightsb_m({ components: 4 })],
  ] as const)("%s ends where the class or the number says", async (_, method) => {
    const starts = source.narrow(0, 0, 200);
    const ends = async (training: Training, given: Conditions) => {
      const options = { generator: seeded(3), given };
      const end = tidy(() => training.sampler.endpoints("f", starts, options).mean().keep());
      return end.item();
    };
    const byClass = await learned(method, apart.add(noise), { y: label }, classes);
    for (const c of [0, 1]) {
      const given = { y: full([200], c, { dtype: "int64" }) };
      expect(Math.abs((await ends(byClass, given)) - (4 * c - 2))).toBeLessThan(0.5);
    }
    const byNumber = await learned(method, middle.add(noise), { cond }, numbers);
    for (const c of [-0.5, 0, 0.5]) {
      const given = { cond: full([200, 1], c) };
      expect(Math.abs((await ends(byNumber, given)) - 2 * c)).toBeLessThan(0.5);
    }
  });
});
