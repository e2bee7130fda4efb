// The variances of an image run's steps, as its keys name them.
import { describe, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { type GammaOptions, gammaSchedule } from "../../src/core/time-grid.js";

const bounds = (
  gamma_min: number,
  gamma_max: number,
  gamma_space?: GammaOptions["gamma_space"],
  symmetric_gamma = false,
): GammaOptions => ({ gamma_min, gamma_max, symmetric_gamma, ...(gamma_space && { gamma_space }) });

const cases: [string, GammaOptions, number[]][] = [
  ["linspace", bounds(0.1, 0.5, "linspace"), [0.1, 0.2, 0.3, 0.4, 0.5]],
  ["linspace by default", bounds(1, 3), [1, 2, 3]],
  ["geomspace", bounds(0.25, 4, "geomspace"), [0.25, 0.5, 1, 2, 4]],
  ["one value", bounds(0.034, 0.034), [0.034, 0.034, 0.034]],
  ["one step", bounds(0.1, 0.2), [0.1]],
  [
    "half of linspace, then its mirror image",
    bounds(1, 2, "linspace", true),
    [1, 1.5, 2, 2, 1.5, 1],
  ],
  ["half of geomspace, then its mirror image", bounds(1, 4, "geomspace", true), [1, 2, 4, 4, 2, 1]],
];

describe("gammaSchedule", () => {
  it.each(cases)("%s", (_, options, want) => {
    expectClose(gammaSchedule(want.length, options), want, 12);
  });
});
