// What is particular to DDPM++ networks: what their options change.
import * as T from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, seeded } from "../../../../../test/support/numbers.js";
import { startFrom } from "../../../../../test/support/start.js";
import { DDPMpp } from "../../src/ddpmpp/ddpmpp.js";
import type { DDPMppOptions } from "../../src/ddpmpp/options.js";
import { images, shaken, small, times } from "../networks.js";

startFrom(3);

const make = (changes: Partial<DDPMppOptions> = {}) =>
  shaken(new DDPMpp({ ...small.ddpmpp, ...changes }, { generator: seeded(1) }), { seed: 2 });

/** The result of a network with these options, at one time or at several. */
const out = (changes: Partial<DDPMppOptions>, t = times(2)) => {
  using net = make(changes).eval();
  return T.noGrad(() => net.forward(images(2), t));
};

it("its options change the result", () => {
  const skips = { progressive: "output_skip", progressive_input: "input_skip" } as const;
  const base = out(skips);
  const changes: Partial<DDPMppOptions>[] = [
    { fir: true },
    { skip_rescale: false },
    { temb_scale: 1 },
    { fir: true, fir_kernel: [1, 1.5, 1] },
    { nonlinearity: "elu" },
    { nonlinearity: "relu" },
    { nonlinearity: "lrelu" },
    { conditional: false },
    { embedding_type: "fourier" },
  ];
  for (const change of changes)
    expect(distance(out({ ...skips, ...change }), base), JSON.stringify(change)).toBeGreaterThan(
      1e-3,
    );
  // Taps 1, 1 are the plain resampling.
  expect(distance(out({ ...skips, fir: true, fir_kernel: [1, 1] }), base)).toBeLessThan(1e-5);
});

it("embeds 2π·W·ln t with embedding_type=fourier, saves W, and is finite at time 0", () => {
  using net = make({ embedding_type: "fourier", fourier_scale: 2 });
  const W = net.stateDict().get("all_modules.0.W") as T.Tensor;
  expect(W.shape).toEqual([8]);
  expect(net.stateDict().get("all_modules.1.weight")?.shape).toEqual([32, 16]);
  const embedding = [...net.namedChildren()].find(([name]) => name === "all_modules.0")![1];
  const angles = W.mul(2 * Math.PI * Math.log(0.3));
  const want = T.cat([angles.sin(), angles.cos()]);
  expect(distance(embedding.forward(T.tensor([0.3])).squeeze(0), want)).toBeLessThan(1e-5);
  const wide = { ...small.ddpmpp, embedding_type: "fourier", fourier_scale: 4 } as const;
  using twice = new DDPMpp(wide, { generator: seeded(1) });
  const other = twice.stateDict().get("all_modules.0.W") as T.Tensor;
  expect(distance(other, W.mul(2))).toBeLessThan(1e-6);
  const ends = net.eval().forward(images(2), T.tensor([0, 1e-4]));
  expect(ends.isfinite().all().item()).toBe(true);
});

it("divides its result by the scaled time with scale_by_sigma, and does not depend on the time without conditional", () => {
  const fourier = { embedding_type: "fourier", temb_scale: 5 } as const;
  const t = T.tensor([0.2, 0.7]);
  const divided = out({ ...fourier, scale_by_sigma: true }, t);
  const want = out(fourier, t).div(t.mul(5).view([2, 1, 1, 1]));
  expect(distance(divided, want)).toBeLessThan(1e-6);
  const still = { conditional: false };
  expect(distance(out(still, t), out(still, t.mul(0.5)))).toBe(0);
  using net = make(still);
  expect([...net.stateDict().keys()].filter((name) => name.includes("Dense"))).toEqual([]);
});

it("starts as next to nothing", () => {
  using net = new DDPMpp(small.ddpmpp, { generator: seeded(1) });
  const y = T.noGrad(() => net.eval().forward(images(1), times(1)));
  expect(y.abs().amax().item()).toBeLessThan(1e-3);
  expect(y.abs().amax().item()).toBeGreaterThan(0);
});
