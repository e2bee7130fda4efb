// What is particular to DDPM++ networks: what their options change.
import * as T from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import {
  images,
  shakeWeights,
  smallNetworks,
  times,
} from "../../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import { startFrom } from "../../../../../test/support/start.js";
import { DDPMpp } from "../../src/ddpmpp/ddpmpp.js";
import type { DDPMppOptions } from "../../src/ddpmpp/options.js";

startFrom(3);

const makeNetwork = (changes: Partial<DDPMppOptions> = {}) =>
  shakeWeights(new DDPMpp({ ...smallNetworks.ddpmpp, ...changes }, { generator: generatorOf(1) }), {
    seed: 2,
  });

/** The result of a network with these options, at one time or at several. */
const outputOf = (changes: Partial<DDPMppOptions>, t = times(2)) => {
  using net = makeNetwork(changes).eval();
  return T.noGrad(() => net.forward(images(2), t));
};

it("its options change the result", () => {
  const skips = { progressive: "output_skip", progressive_input: "input_skip" } as const;
  const base = outputOf(skips);
  const changes: Partial<DDPMppOptions>[] = [
    { fir: true },
    { skip_rescale: false },
    { temb_scale: 1 },
    { fir: true, fir_kernel: [1, 1.5, 1] },
  ];
  for (const change of changes)
    expect(
      distance(outputOf({ ...skips, ...change }), base),
      JSON.stringify(change),
    ).toBeGreaterThan(1e-3);
  // Taps 1, 1 are the plain resampling.
  expect(distance(outputOf({ ...skips, fir: true, fir_kernel: [1, 1] }), base)).toBeLessThan(1e-5);
});
