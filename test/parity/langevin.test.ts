// Discrete DSB: runs of the reference and of a network, mean and increment matching, both kinds of
// noise.
import {
  langevin,
  langevinRun,
  langevinTuples,
  networkMean,
  referenceMean,
  type StepMean,
} from "@dsbm/bridge";
import { stack, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { expectClose, golden } from "./golden.js";
import { Toy } from "./toy.js";

const goldenLangevin = () => golden("dsb_langevin");

const process = (kind: string) =>
  langevin({
    gammas: goldenLangevin()("gammas").toNumbers(),
    mean: goldenLangevin()("mean_final"),
    variance: goldenLangevin()("var_final"),
    scaleNoise: kind.endsWith("_varscale"),
    meanMatch: kind.startsWith("mean"),
  });

const cases = ["mean", "mean_varscale", "drift", "drift_varscale"].flatMap((kind) =>
  ["init", "f", "f_sample", "b", "b_sample"].map((run) => [`${kind}/${run}`, kind, run]),
);

function expectRun(key: string, kind: string, run: string, changed: { kind?: string } = {}) {
  tidy(() => {
    const g = goldenLangevin();
    const toy = new Toy("dsb_langevin", 0.1);
    const of = process(changed.kind ?? kind);
    const mean: StepMean =
      run === "init" ? referenceMean(of) : networkMean((x, k) => toy.forward(x, k), of);
    const z = g(`${key}/z`);
    const lastNoise = !run.endsWith("_sample");
    expect(z.size(0)).toBe(of.gammas.length - (lastNoise ? 0 : 1));
    const options = {
      direction: run.startsWith("b") ? ("b" as const) : ("f" as const),
      lastNoise,
      noise: (_: Tensor, k: number) => z.select(0, k),
    };
    // The golden runs of both directions start in x0.
    const rows = langevinTuples(of, mean, g("x0"), options);
    expectClose(rows.x, g(`${key}/x_tot`));
    expectClose(rows.target, g(`${key}/out`));
    const states: Tensor[] = [];
    const end = langevinRun(of, mean, g("x0"), {
      ...options,
      callback: (x, { step }) => step > 0 && states.push(x),
    });
    expectClose(stack(states, { dim: 1 }), g(`${key}/x_tot`));
    expectClose(end, g(`${key}/x_tot`).select(1, of.gammas.length - 1));
  });
}

describe("discrete DSB", () => {
  it.each(cases)("%s", (key, kind, run) => expectRun(key, kind, run));

  it.each([
    ["mean/init", "mean_varscale"],
    ["mean/f", "drift"],
    ["drift/b", "drift_varscale"],
  ])("%s is not %s", (key, other) => {
    const [kind, run] = key.split("/");
    expect(() => expectRun(key, kind, run, { kind: other })).toThrow();
  });
});
