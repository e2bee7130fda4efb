import { describe, expect, it } from "vitest";
import { completeTrain } from "../../src/keys/train.js";
import { onlyConfig } from "../commands/support.js";

describe("what follows other keys", () => {
  it("leaves typed options and complete configurations unchanged", () => {
    const words = `fb_sequence=[f,b] half_iterations=7 first_pass=3 keep_optimizer=false
      first_num_iter=1 test_num_steps=[2,9] cache_num_steps=3 cache_refresh_stride=4 cache_npar=5000
      gif_stride=6 checkpoint_stride=7 model.channel_mult=[1,2,2]
      model.attention_resolutions=[14,7]`;
    const typed = onlyConfig(...words.split(/\s+/));
    expect(completeTrain(typed)).toEqual(typed);
  });

  it("cuts batches and figures to the number of samples", () => {
    const config = completeTrain(onlyConfig("cache_npar=256", "test_npar=10"));
    expect(config).toMatchObject({ cache_batch_size: 256, test_batch_size: 10 });
    expect(config).toMatchObject({ plot_npar: 10, plot_npar_path: 10 });
    const rounded = onlyConfig("cache_npar=null", "cache_refresh_stride=3", "batch_size=5");
    expect(completeTrain(rounded).cache_npar).toBe(15);
  });

  it.each([
    [28, "0.5,1,1", null],
    [32, "1,2,2,2", "16,8"],
    [64, "1,2,2,2", "16,8"],
    [160, "1,2,2,4", null],
    [256, "1,1,2,2,4,4", "16,8"],
  ])("knows multipliers and attention of images of %i", (image_size, channel_mult, attention) => {
    const config = onlyConfig(
      "Dataset=mine",
      "Dataset_transfer=yours",
      `data.image_size=${image_size}`,
    );
    expect(completeTrain(config).model).toMatchObject({
      channel_mult,
      attention_resolutions: attention,
    });
  });

  it("keeps attention where the network has the resolution", () => {
    const model = (...words: string[]) => completeTrain(onlyConfig(...words)).model;
    for (const [word, attention_resolutions] of [
      ["model.attention_resolutions=[16,14,8]", "14"],
      ["model.attention_resolutions=null", null],
      ["dataset=mnist_2to3", "7"],
    ] as const)
      expect(model(word), word).toMatchObject({ attention_resolutions });
    expect(model("dataset=afhq_transfer")).toEqual(onlyConfig("dataset=afhq_transfer").model);
  });
});
