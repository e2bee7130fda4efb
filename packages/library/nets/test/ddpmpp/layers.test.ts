// Initial weights of the pieces of DDPM++ networks.

import type { Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { beforeAll, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { DDPMBlock } from "../../src/ddpmpp/block.js";
import { NIN } from "../../src/ddpmpp/layers.js";

beforeAll(() => T.setNumThreads(1));

describe("blocks", () => {
  it("start with uniform weights of the published variance, and with next to nothing at the end of a branch", () => {
    const options = {
      embedding: 64,
      dropout: 0,
      skip_rescale: true,
      fir: null,
    };
    using block = new DDPMBlock(64, 32, {
      ...options,
      resblock_type: "biggan",
      init_scale: 0,
      generator: generatorOf(1),
    });
    const variance = (p: Tensor) => p.square().mean().item();
    // Mean of fan-in and fan-out: 9·(64 + 32)/2; the standard error of a uniform's variance is √(0.8/n).
    const want = 1 / (9 * 48);
    const error = want * Math.sqrt(0.8 / block.Conv_0.weight.numel);
    expect(Math.abs(variance(block.Conv_0.weight) - want)).toBeLessThan(5 * error);
    expect(block.Conv_0.weight.abs().amax().item()).toBeLessThanOrEqual(Math.sqrt(3 * want));
    expect(variance(block.Conv_1.weight) / (1e-10 / (9 * 32))).toBeCloseTo(1, 1);
    for (const layer of [block.Conv_0, block.Conv_1, block.Dense_0])
      expect(layer?.bias?.abs().amax().item()).toBe(0);
    using nin = new NIN(32, 32, { generator: generatorOf(2) });
    expect(variance(nin.W) / (0.1 / 32)).toBeCloseTo(1, 0);
  });
});
