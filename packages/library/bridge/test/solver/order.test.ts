// Euler–Maruyama converges with its order, in both directions of time, and give every state between.
import { cat, eye, full, type Tensor, tidy, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import type { Direction } from "../../src/core/direction.js";
import { gammaGrid, uniformGrid } from "../../src/core/time-grid.js";
import { eulerMaruyama, type StepVariance } from "../../src/solver/euler-maruyama.js";
import type { Field } from "../../src/solver/solver.js";

/** Every state of a run, the start first. */
function collectPath() {
  const states: Tensor[] = [];
  return { states, callback: (x: Tensor) => void states.push(x) };
}

const onePoint = () => full([1, 1], 1, { dtype: "float64" });
const refine = [16, 32, 64, 128];
/** Halving the step divides the error by 2^order. */
const orders = (errors: number[]) => errors.slice(1).map((e, i) => Math.log2(errors[i] / e));

describe.each(["f", "b"] as const)("direction %s", (direction: Direction) => {
  // dX = −θX dt + σ dW (the drift points to 0 in either direction): e^−θ and σ²(1 − e^−2θ)/(2θ).
  const theta = 1.5;
  const sigma = 0.7;
  const field: Field = (x) => x.mul(-theta);
  /** The scheme is affine in its noise: its variance is the sum of squared responses to unit impulses. */
  const schemeMoments = (n: number, stepVariance: StepVariance = "process") =>
    tidy(() => {
      const impulses = eye(n, { dtype: "float64" });
      const options = { direction, grid: uniformGrid(n), sigma, stepVariance };
      const responses = eulerMaruyama(field, zeros([n, 1], { dtype: "float64" }), {
        ...options,
        noise: (_x, k) => impulses.select(0, k).unsqueeze(1),
      });
      const mean = eulerMaruyama(field, onePoint(), { ...options, sigma: 0 }).item();
      return { mean, var: responses.square().sum().item() };
    });

  const exact = {
    mean: Math.exp(-theta),
    var: (sigma ** 2 * (1 - Math.exp(-2 * theta))) / (2 * theta),
  };
  it("eulerMaruyama has weak order 1 on an Ornstein–Uhlenbeck process", () => {
    const all = refine.map((n) => schemeMoments(n));
    for (const key of ["mean", "var"] as const)
      for (const order of orders(all.map((m) => Math.abs(m[key] - exact[key]))))
        expect(Math.abs(order - 1)).toBeLessThan(0.15);
  });

  it("eulerMaruyama with drifts in the middle of steps has order 2 without noise", () => {
    const moving: Field = (x, t) => x.mul(t.unsqueeze(1)).mul(-theta);
    const errors = refine.map((n) => {
      const how = { direction, grid: uniformGrid(n), sigma: 0, isMidpoint: true };
      return Math.abs(
        tidy(() => eulerMaruyama(moving, onePoint(), how).item()) - Math.exp(-theta / 2),
      );
    });
    for (const order of orders(errors)) expect(Math.abs(order - 2)).toBeLessThan(0.15);
  });

  it("eulerMaruyama with the bridge's noise is exact on a Brownian bridge, in few uneven steps", () => {
    const grid = gammaGrid([1, 5, 2, 8]);
    const begin = direction === "f" ? 0 : 1;
    const pinned: Field = (x, t) => x.rsub(3).div((direction === "f" ? t.rsub(1) : t).unsqueeze(1));
    const run = (stepVariance: StepVariance) => {
      const impulses = eye(4, { dtype: "float64" });
      const path: { time: number; mean: number; var: number }[] = [];
      const take = { direction, grid, sigma, stepVariance };
      const callback = (x: Tensor, { time }: { time: number }) => {
        const responses = x.sub(x.select(0, 4)).square().sum().item();
        path.push({ time, mean: x.select(0, 4).item(), var: responses });
      };
      // Rows with one impulse each, and one without noise.
      const noise = (_: Tensor, k: number) =>
        cat([impulses.select(0, k), zeros([1], { dtype: "float64" })]).unsqueeze(1);
      eulerMaruyama(pinned, full([5, 1], 1, { dtype: "float64" }), { ...take, noise, callback });
      return path;
    };
    for (const { time, mean, var: variance } of run("bridge")) {
      expect(mean).toBeCloseTo(1 + 2 * Math.abs(time - begin), 12);
      expect(variance).toBeCloseTo(sigma ** 2 * time * (1 - time), 12);
    }
    // Euler–Maruyama has noise to spare at every state after the start.
    for (const { time, var: variance } of run("process").slice(1))
      expect(variance).toBeGreaterThan(1.05 * sigma ** 2 * time * (1 - time));
  });

  it("gives every state with its time, and leaves out the last noise with lastNoise: false", () => {
    const grid = gammaGrid([1, 2, 1]);
    const x = zeros([5, 2, 2], { dtype: "float64" });
    const seen: [number, number][] = [];
    const path = collectPath();
    const drawn: number[] = [];
    const run = (lastNoise: boolean) =>
      eulerMaruyama((y) => y.mul(0), x, {
        direction,
        grid,
        sigma: 2,
        lastNoise,
        noise: (y, k) => {
          drawn.push(k);
          return y.mul(0).add(1);
        },
        callback: (y, { step, time }) => {
          seen.push([step, time]);
          path.callback(y);
        },
      });
    const end = run(true);
    const times = direction === "f" ? [0, 0.25, 0.75, 1] : [1, 0.75, 0.25, 0];
    expect(seen).toEqual(times.map((t, k) => [k, t]));
    expect(path.states).toHaveLength(4);
    expect(path.states[0]).toBe(x);
    expect(path.states[3]).toBe(end);
    const roots = Math.sqrt(0.25) + Math.sqrt(0.5);
    expect(end.select(0, 0).flatten().toNumbers()[0]).toBeCloseTo(2 * (roots + 0.5), 12);
    expect(drawn).toEqual([0, 1, 2]);
    expect(run(false).select(0, 0).flatten().toNumbers()[0]).toBeCloseTo(2 * roots, 12);
    expect(drawn).toEqual([0, 1, 2, 0, 1]);
  });
});
