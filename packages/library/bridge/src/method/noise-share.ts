// The noise that keeps the variance of the process: share 1 is the process's own noise, share 0 the
// noise of a bridge to one endpoint; the share is the squared error that the drift leaves on
// average (Bao et al. 2022, Analytic-DPM; here for bridges).
import { Buffer, full, noGrad, ones, stack, type Tensor, tidy } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import type { Direction } from "../core/direction.js";
import type { Network } from "../core/network.js";
import type { Field } from "../solver/solver.js";
import type { StepContext } from "./method.js";

const timeBins = 16;
const margin = 1e-3;

type Sharing = Network & { noise_share?: Buffer };

/** Adds shares to a network's state, 1 at first. */
export function withNoiseShare(
  network: Network,
  networks: "each" | "shared" | "bidirectional",
): Network {
  const sharing = network as Sharing;
  const directions = networks === "bidirectional" ? 2 : 1;
  const device = network.parameters()[0]?.device ?? "cpu";
  sharing.noise_share ??= new Buffer(ones([directions, timeBins + 1], { device }));
  return network;
}

/** A direction's shares at equally spaced times of its clock, [k], at least two; null if the network has none. */
export function noiseShareOf(network: Network, direction: Direction): Tensor | null {
  const all = (network as Sharing).noise_share;
  return all?.select(0, all.size(0) === 2 && direction === "f" ? 1 : 0) ?? null;
}

/** Copies the measured noise shares of one network to another, if both have them. */
export function copyNoiseShare(from: Network, to: Network): void {
  const shares = (from as Sharing).noise_share;
  const other = (to as Sharing).noise_share;
  if (shares && other) noGrad(() => other.copy_(shares));
}

/** The share at time u of a direction's clock, a scalar, between the nearest of `shares` [k]. */
export function shareAt(shares: Tensor, u: number): Tensor {
  const at = Math.min(timeBins - 1, Math.floor(u * timeBins + 1e-9));
  return shares.select(0, at).lerp(shares.select(0, at + 1), u * timeBins - at);
}

/** Shares [k] from training pairs: E|end − E[end | x_t]|²/(d ε s) with s the time left. */
export function measureNoiseShare(
  drift: Field,
  { x0, x1 }: Pick<Pairs, "x0" | "x1">,
  { direction, process, noise }: Pick<StepContext, "direction" | "process" | "noise">,
): Tensor {
  const end = direction === "f" ? x1 : x0;
  const device = x0.device;
  const at = (u: number) =>
    tidy(() => {
      const left = 1 - u;
      const t = full([x0.size(0)], direction === "f" ? u : left, { device });
      const x = process.bridge({ x0, x1, t, z: noise(x0) });
      const error = drift(x, t).mul(left).add(x).sub(end);
      const open = left * process.sigma ** 2;
      return error.square().mean().div(open);
    });
  const times = Array.from({ length: timeBins + 1 }, (_, k) =>
    Math.min(1 - margin, Math.max(margin, k / timeBins)),
  );
  return noGrad(() => tidy(() => stack(times.map(at))));
}
