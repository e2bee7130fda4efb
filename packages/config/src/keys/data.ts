// What is at the two ends of the bridge: data at time 0, at time 1 data again or a Gaussian.

import { z } from "zod";
import { counted, file, flag, follows, sized } from "../schema/kinds.js";

export const data = {
  Dataset: z
    .string()
    .min(1)
    .default("mnist")
    .meta({
      description: "data at time 0",
      examples: ["mnist", "mnist_2", "folder:PATH", "moons", "array:PATH.npy"],
    }),
  Dataset_transfer: z
    .string()
    .min(1)
    .nullable()
    .default("emnist")
    .describe("data at time 1, with transfer=true"),
  transfer: flag(true, "data at both ends; false: N(mean_final, var_final) at time 1"),
  mean_final: z.number().default(0).describe("mean of the Gaussian at time 1"),
  var_final: sized(1, "variance of the Gaussian at time 1"),
  adaptive_mean: flag(false, "take the mean of the Gaussian at time 1 from the data"),
  final_adaptive: flag(false, "take mean and variance of the Gaussian at time 1 from the data"),
  cdsb: flag(false, "the network also receives the data's condition"),
  wavenumber: z
    .union([0, 1, 2, 4, 8, 16].map((n) => z.literal(n)))
    .default(0)
    .describe("downscaler data: the segment of this wavenumber, 0 for all"),
  data: z.strictObject({
    image_size: counted(28, "height and width of an image"),
    channels: counted(1, "channels of an image"),
    cond_channels: z.int().min(0).default(0).describe("channels of the condition"),
    random_flip: flag(false, "mirror training images at random"),
    dim: follows("dimensions of drawn vectors; null is the data set's own", 5),
    a: z.number().default(0.1).describe("gaussian: the means are -a and a in every coordinate"),
    components: follows("project both ends on so many principal components; null: do not", 64),
    dataset: file("a label of the data, for references in other keys", "mnist_to_emnist"),
    n_train: follows(
      "training samples: so many are drawn, or the first ones of files; null is all there are",
      2000,
    ),
    n_test: follows("the same of the samples to test", 500),
    test_fraction: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.1)
      .describe("part of a folder of pictures or of an array that is held out"),
  }),
};
