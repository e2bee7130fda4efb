// The variances of an image run's steps, as its keys name them.
import { describe, expect, it } from "vitest";
import { type GammaOptions, gammaSchedule } from "../../src/core/time-grid.js";

const cases: [string, number, GammaOptions, number[]][] = [
  [
    "linspace",
    5,
    { gamma_min: 0.1, gamma_max: 0.5, gamma_space: "linspace" },
    [0.1, 0.2, 0.3, 0.4, 0.5],
  ],
  ["linspace by default", 3, { gamma_min: 1, gamma_max: 3 }, [1, 2, 3]],
  [
    "geomspace",
    5,
    { gamma_min: 0.25, gamma_max: 4, gamma_space: "geomspace" },
    [0.25, 0.5, 1, 2, 4],
  ],
  ["one value", 3, { gamma_min: 0.034, gamma_max: 0.034 }, [0.034, 0.034, 0.034]],
  ["one step", 1, { gamma_min: 0.1, gamma_max: 0.2 }, [0.1]],
  [
    "half of linspace, then its mirror image",
    6,
    { gamma_min: 1, gamma_max: 2, symmetric_gamma: true },
    [1, 1.5, 2, 2, 1.5, 1],
  ],
  [
    "half of geomspace, then its mirror image",
    6,
    { gamma_min: 1, gamma_max: 4, gamma_space: "geomspace", symmetric_gamma: true },
    [1, 2, 4, 4, 2, 1],
  ],
];

describe("gammaSchedule", () => {
  it.each(cases)("%s", (_, n, options, want) => {
    const gammas = gammaSchedule(n, options);
    expect(gammas).toHaveLength(n);
    gammas.forEach((gamma, k) => {
      expect(gamma).toBeCloseTo(want[k] as number, 12);
    });
  });

  it.each<[number, GammaOptions, RegExp]>([
    [0, { gamma_min: 1, gamma_max: 2 }, /^number of steps is 0; expected an integer/],
    [3, { gamma_min: 0, gamma_max: 2 }, /^gamma_min is 0 and gamma_max 2; expected 0 < gamma_min/],
    [3, { gamma_min: 3, gamma_max: 2 }, /expected 0 < gamma_min ≤ gamma_max$/],
    [3, { gamma_min: 1, gamma_max: 2, symmetric_gamma: true }, /even number .* got 3; use 4$/],
  ])("refuses %d steps of %j", (n, options, message) => {
    expect(() => gammaSchedule(n, options)).toThrow(message);
  });
});
