// Bridges, targets and samplers of the image trainer: VE and VP, drift and mean matching, both directions.
import {
  brownian,
  type Direction,
  gammaGrid,
  methods,
  ornsteinUhlenbeck,
  resample,
  sample,
  type TimeGrid,
} from "@dsbm/bridge";
import { stack, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { expectClose, golden } from "./golden.js";
import { Toy } from "./toy.js";

const goldenBridges = () => golden("image_bridges");

const sigma = () => goldenBridges()("sigma").item();
const process = (name: string) =>
  name === "ve" ? brownian({ sigma: sigma() }) : ornsteinUhlenbeck({ sigma: sigma() });
const grid = () => gammaGrid(goldenBridges()("timesteps").toNumbers());
const cases = ["ve", "vp"].flatMap((sde) =>
  ["drift", "mean"].flatMap((matching) =>
    (["f", "b"] as const).map((d) => [`${sde}_${matching}_${d}`, sde, matching, d] as const),
  ),
);

describe("training tuples", () => {
  it.each(cases)("%s", (key, sde, matching, direction) => {
    tidy(() => {
      const g = goldenBridges();
      const t = g(`${key}/t`).flatten();
      const got = methods.dsbm.regression(
        { x0: g("x0"), x1: g("x1") },
        {
          direction,
          process: process(sde),
          t,
          meanMatch: matching === "mean",
          noise: () => g(`${key}/z`),
        },
      );
      // The reference's times: uniform draws between eps and 1 − eps, eps = 1e-4.
      expectClose(
        g(`${key}/u`)
          .mul(1 - 2e-4)
          .add(1e-4),
        t,
      );
      expectClose(got.x, g(`${key}/z_t`));
      expectClose(got.target, g(`${key}/target`));
    });
  });
});

function expectPath(
  key: string,
  sde: string,
  {
    meanMatch,
    direction,
    schedule,
    lastNoise,
  }: { meanMatch: boolean; direction: Direction; schedule: TimeGrid; lastNoise: boolean },
): void {
  tidy(() => {
    const g = goldenBridges();
    const toy = new Toy("image_bridges", 1);
    const noises = g(`${key}/z`);
    expect(noises.size(0)).toBe(schedule.steps.length - (lastNoise ? 0 : 1));
    const states: Tensor[] = [];
    sample(
      {
        method: methods.dsbm,
        process: process(sde),
        networks: { f: toy, b: toy },
        parametrisation: { meanMatch, stdTrick: false, lossScale: false },
      },
      // The golden paths of both directions start in x0.
      g("x0"),
      {
        direction,
        grid: schedule,
        lastNoise,
        noise: (_x, step) => noises.select(0, step),
        callback: (x, { step }) => step > 0 && states.push(x),
      },
    );
    expectClose(stack(states, { dim: 1 }), g(`${key}/x_tot`));
  });
}

describe("sampler paths", () => {
  it.each(cases)("%s", (key, sde, matching, direction) => {
    const options = { meanMatch: matching === "mean", direction, schedule: grid() };
    expectPath(`${key}_path`, sde, { ...options, lastNoise: true });
    expectPath(`${key}_sample`, sde, { ...options, lastNoise: false });
  });

  it.each(["ve_resampled3", "ve_resampled14", "vp_resampled3", "vp_resampled14"])("%s", (key) => {
    const n = Number(/\d+$/.exec(key)?.[0]);
    expectPath(key, key.slice(0, 2), {
      meanMatch: false,
      direction: "b",
      schedule: resample(grid(), n),
      lastNoise: false,
    });
  });

  it("would notice a wrong schedule", () => {
    const schedule = gammaGrid(
      goldenBridges()("timesteps")
        .toNumbers()
        .map(() => 1),
    );
    expect(() =>
      expectPath("ve_drift_f_path", "ve", {
        meanMatch: false,
        direction: "f",
        schedule,
        lastNoise: true,
      }),
    ).toThrow();
  });
});
