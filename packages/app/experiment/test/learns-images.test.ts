// DSBM learns on images of 16×16 pixels: generated samples come closer to the target than the
// source by a stated factor, in the features of a classifier that separates the two sets and
// never sees generated samples.

import { frechetScore, imageStatistics, stream, uniformGrid } from "@dsbm/bridge";
import { loadTable } from "@dsbm/data";
import { loadDatasets, testRows } from "@dsbm/datasets";
import { LeNet, lenetFeatures, lenetTraining, trainClassifier } from "@dsbm/nets";
import { trainingProblem } from "@dsbm/problem";
import { setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { Training } from "@dsbm/train";
import { beforeAll, describe, expect, it } from "vitest";
import { trainConfig } from "../../../../test/support/problem.js";
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

/** Squares to discs with a tiny UNet. */
const quickOverrides = wordsOf(`
  dataset=synthetic batch_size=32 lr=1e-3 ema_rate=0.98 cache_npar=256 cache_batch_size=128 num_steps=10 gamma_min=0.03
  gamma_max=0.03 first_coupling=ind n_ipf=1 first_num_iter=60 num_iter=60 threads=1 seed=3
`);

it("Steps of a flow with shortcuts are learnt on images, too", async () => {
  const config = trainConfig(
    ...wordsOf(`
      dataset=synthetic method=otcfm shortcut=true data.image_size=8 data.n_train=32 data.n_test=8 model.num_channels=8
      model.num_res_blocks=1 batch_size=8 cache_npar=8 first_num_iter=3 n_ipf=1 threads=1 seed=3
    `),
  );
  const data = loadDatasets(config);
  const training = new Training(trainingProblem(config, data, { cacheFolder: folder }));
  for await (const _ of training.run());
  tidy(() => {
    const x = testRows(data.x0, 4, 5);
    const ends = [1, 2].map((steps) =>
      training.sampler.simulate("f", x, { grid: uniformGrid(steps) }),
    );
    const [one, two] = ends as [Tensor, Tensor];
    expect(one.shape).toEqual([4, 1, 8, 8]);
    expect(one.sub(two).abs().max().item()).toBeGreaterThan(1e-6);
  });
  training.dispose();
  data.dispose();
});

describe("squares and discs", () => {
  it("DSBM-IMF", async () => {
    const config = trainConfig(...quickOverrides);
    const data = loadDatasets(config);
    const training = new Training(trainingProblem(config, data, { cacheFolder: folder }));
    for await (const _ of training.run());
    tidy(() => {
      const features = lenetFeatures(classifier);
      const start = testRows(data.x0, 200, 5);
      const ends = training.sampler.simulate("f", start, {
        grid: training.problem.schedule.grid,
        generator: stream(5, "ends"),
        lastNoise: false,
      });
      using statistics = imageStatistics(features, data.x1.train);
      const real = statistics.gaussian();
      const far = (images: Tensor) => frechetScore(features, images, real).value;
      expect(far(ends)).toBeLessThan(0.2 * far(start));
    });
    training.dispose();
    data.dispose();
  });
});
