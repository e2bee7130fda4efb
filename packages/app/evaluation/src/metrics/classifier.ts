import { stream } from "@dsbm/bridge";
import { isVectors } from "@dsbm/datasets";
import {
  cat,
  enableGrad,
  noGrad,
  optim,
  Parameter,
  randn,
  randperm,
  recordCalls,
  type Tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { linearExcess } from "../bounds/excess.js";
import { drawsOf } from "../bounds/floor-draws.js";
import { imageFeatures } from "../images/features.js";
import type { Metric } from "../metric.js";
import type { SampleSubject } from "../subject.js";

/**
 * Folds share rows: accuracies vary by this factor more than a binomial share (simulated, n = 6 …
 * 1,000).
 */
const inflation = 1.25;

/** The accuracy of a classifier between generated and held-out rows, which decides a verdict. */
export const classifierMetric: Metric<SampleSubject> = {
  name: "c2st",
  title: "classifier two-sample test (accuracy)",
  group: "endpoints",
  meaning:
    "The accuracy of a small network that tells generated from held-out rows, in cross-validation (Lopez-Paz and Oquab 2017). 0.5 is guessing. Floor: other target rows; ceiling: the untransported source.",
  isNeeded: true,
  role: "classifier",
  scale: "percent",
  measure: (set, context) =>
    noGrad(() =>
      tidy(() => {
        const { seed } = context.options;
        const view = isVectors(context.subject.datasets)
          ? (x: Tensor) => x.flatten({ startDim: 1 })
          : imageFeatures;
        const data = view(set.targetRows);
        const against = (x: Tensor) => classifierAccuracy(view(x), data, { seed });
        const value = against(set.generatedRows);
        const { floor, ceiling } = context.once(`c2st/${set.key}`, () => {
          const [draw] = drawsOf(set, seed, 1);
          return { floor: against(draw), ceiling: against(set.sourceRows) };
        });
        const deviation = (inflation * 0.5) / Math.sqrt(value.n);
        const band = ({ value: x }: Accuracy): [number, number] => {
          const half = 1.96 * deviation;
          return [Math.max(0, x - half), Math.min(1, x + half)];
        };
        return {
          value: value.value,
          interval: band(value),
          floor: floor.value,
          floor_interval: band(floor),
          ceiling: ceiling.value,
          excess: linearExcess(
            { value: value.value, floor: 0.5, ceiling: ceiling.value },
            deviation,
          ),
          n: value.n / 2,
        };
      }),
    ),
};

const folds = 5;
const hiddenUnits = 16;
const steps = 100;
const mostFeatures = 64;
const mostProjected = 512;

const mostClassified = 1000;

interface Accuracy {
  /** Share of correct answers: .5 for equal distributions. */
  value: number;
  /** Classified rows of each side. */
  n: number;
}

/**
 * The cross-validated accuracy of a network with one hidden layer on standardised columns and their squares, for rows x
 * [n, d] and y [m, d]. Deterministic for a seed.
 */
function classifierAccuracy(x: Tensor, y: Tensor, { seed }: { seed: number }): Accuracy {
  const side = Math.min(x.size(0), y.size(0), mostClassified);
  const count = Math.min(folds, side);
  return tidy(() => {
    const some = (rows: Tensor, of: string) => {
      const order = randperm(rows.size(0), { generator: stream(seed, `c2st/${of}`) });
      return rows.indexSelect(0, order.narrow(0, 0, side)).to("float32");
    };
    const rows = featuresOf(cat([some(x, "x"), some(y, "y")]), seed);
    const signs = cat([zeros([side]).add(1), zeros([side]).sub(1)]);
    const fold = cat([0, 1].map(() => zeros([side]).add(1).cumsum(0).remainder(count)));
    const membership = zeros([count]).add(1).cumsum(0).sub(1).unsqueeze(1).eq(fold.unsqueeze(0));
    const logits = trainedScores(rows, signs, membership);
    const hits = logits.mul(signs).gt(0).to("float32").add(logits.eq(0).to("float32").mul(0.5));
    return { value: hits.mul(membership.to("float32")).sum().item() / (2 * side), n: 2 * side };
  });
}

/** Standardised columns (or principal components, of many columns) and squares. */
function featuresOf(x: Tensor, seed: number): Tensor {
  const standard = (t: Tensor) =>
    t.sub(t.mean(0, { keepdim: true })).div(t.std({ dim: 0, correction: 1 }).clamp({ min: 1e-6 }));
  let rows = standard(x);
  if (rows.size(1) > mostProjected) {
    const generator = stream(seed, "c2st/projection");
    rows = standard(rows.mm(randn([rows.size(1), mostProjected], { generator })));
  }
  if (rows.size(1) > mostFeatures) {
    const [, vectors] = rows.t().mm(rows).linalgEigh();
    rows = standard(rows.mm(vectors.narrow(1, vectors.size(1) - mostFeatures, mostFeatures)));
  }
  return cat([rows, standard(rows.square())], { dim: 1 });
}

/** Logits [folds, n]. Each fold is scored by a network trained without its rows. */
function trainedScores(rows: Tensor, signs: Tensor, membership: Tensor): Tensor {
  const count = membership.size(0);
  const width = rows.size(1);
  const generator = stream(0, "c2st/init");
  const drawn = (shape: number[], deviation: number) =>
    new Parameter(randn(shape, { generator }).mul(deviation));
  const inner = drawn([count, width, hiddenUnits], 1 / Math.sqrt(width));
  const bias = drawn([count, 1, hiddenUnits], 0.1);
  const outer = drawn([count, hiddenUnits, 1], 0.1);
  const direct = drawn([count, width, 1], 0);
  const parameters = [inner, bias, outer, direct];
  const optimizer = new optim.AdamW(parameters, { lr: 0.02, weightDecay: 0.3 });
  const input = rows.unsqueeze(0).expand([count, rows.size(0), width]);
  const weights = membership.logicalNot().to("float32").div(rows.size(0));
  const forward = () =>
    input.bmm(inner).add(bias).silu().bmm(outer).add(input.bmm(direct)).squeeze(2);
  const learn = recordCalls(() =>
    enableGrad(() => {
      optimizer.zeroGrad();
      forward().mul(signs).neg().softplus().mul(weights).sum().backward();
      optimizer.step();
      return [];
    }),
  );
  try {
    for (let step = 0; step < steps; step++) {
      optimizer.lr = 0.01 * (1 + Math.cos((Math.PI * step) / steps));
      tidy(() => learn());
    }
    return noGrad(forward);
  } finally {
    optimizer.dispose();
  }
}
