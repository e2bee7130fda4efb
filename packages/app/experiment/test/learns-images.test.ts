// DSBM and discrete DSB learn on images of 16×16 pixels: generated samples come closer to the target than
// the source by a stated factor, in the features of a classifier that separates the two sets and
// never sees generated samples.

import { exactPlan, frechetScore, imageStatistics, squaredDistances, stream } from "@dsbm/bridge";
import { loadTable } from "@dsbm/data";
import { LeNet, lenetFeatures, lenetTraining, trainClassifier } from "@dsbm/nets";
import { gaussianName, loadDatasets, testRows, trainingProblem } from "@dsbm/problem";
import { setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { Training } from "@dsbm/train";
import { beforeAll, describe, expect, it } from "vitest";
import { configured } from "../../../../test/support/problem.js";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";

const folder = scratch();

const classifier = new LeNet({ channels: 1, classes: 2, generator: stream(0, "judge/init") });
beforeAll(() => {
  setNumThreads(1);
  const shapes = loadTable("synthetic_shapes", { split: "train", image_size: 16, seed: 0 });
  const labels = shapes.labels as Tensor;
  for (const _ of trainClassifier(classifier, {
    x: shapes.x,
    labels,
    generator: stream(0, "judge/train"),
    ...lenetTraining,
    epochs: 8,
  }));
  classifier.eval();
});

/** Squares to discs with a tiny UNet, or squares to noise. */
const quick = wordsOf(`
  dataset=synthetic batch_size=32 lr=1e-3 ema_rate=0.98 cache_npar=256 cache_batch_size=128 num_steps=10 gamma_min=0.03
  gamma_max=0.03 n_ipf=1 first_num_iter=60 num_iter=60 threads=1 seed=3
`);

/** The squared Wasserstein distance of two sets of images, over pixels. */
function wasserstein(a: Tensor, b: Tensor): number {
  const [x, y] = [a, b].map((t) => t.flatten({ startDim: 1 })) as [Tensor, Tensor];
  const cost = Float64Array.from(tidy(() => squaredDistances(x, y).toNumbers()));
  return exactPlan(cost, a.size(0), b.size(0)).cost;
}

const fromNoise = "first_coupling=ref transfer=false first_num_iter=120 num_iter=20";
const steps = "gamma_min=0.05 gamma_max=0.4 model.temb_scale=1";
const cases: [name: string, direction: "f" | "b", factor: number, words: string][] = [
  ["DSBM-IMF", "f", 0.2, "first_coupling=ind"],
  ["discrete DSB, from noise", "b", 0.7, `method=dsb ${fromNoise} ${steps}`],
];

describe("squares and discs", () => {
  it.each(cases)("%s", async (_, direction, factor, words) => {
    setNumThreads(1);
    const config = configured(...quick, ...wordsOf(words));
    const data = loadDatasets(config);
    const training = new Training(trainingProblem(config, data, { cacheFolder: folder }));
    for await (const event of training.run())
      if (event.type === "half" && event.direction === direction) break;
    tidy(() => {
      const [from, to] = direction === "f" ? (["x0", "x1"] as const) : (["x1", "x0"] as const);
      const features = lenetFeatures(classifier);
      const start = testRows(data[from], 200, 5);
      const ends = training.sampler.endpoints(direction, start, {
        grid: training.problem.schedule.grid,
        generator: stream(5, "ends"),
        lastNoise: false,
      });
      // Noise is nothing to a classifier of shapes: ends that started in noise are compared pixel by pixel.
      using statistics = imageStatistics(features, data[to].train);
      const real = statistics.gaussian();
      const held = testRows(data[to], 200, 5);
      const far = (images: Tensor) =>
        data[from].name === gaussianName
          ? wasserstein(images, held)
          : frechetScore(features, images, real).value;
      const [before, after] = [far(start), far(ends)];
      expect(after).toBeLessThan(factor * before);
    });
    training.dispose();
    data.dispose();
  });
});
