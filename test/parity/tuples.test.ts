import {
  brownian,
  eulerMaruyama,
  incrementTuples,
  methods,
  sample,
  uniformGrid,
} from "@dsbm/bridge";
import { ScoreNetwork } from "@dsbm/nets";
import { stack, type Tensor } from "@dsbm/torch";
import { describe, it } from "vitest";
import { expectClose, golden, goldenGroup } from "./golden.js";

const sigma = 1.3;
const process = brownian({ sigma });
const grid = uniformGrid(20);
const g = () => golden("gaussian_tuples");

function network() {
  const state = goldenGroup("gaussian_tuples", "param/");
  const net = new ScoreNetwork((state.get("net.layers.2.bias") as Tensor).size(0), {
    hidden: [0, 1].map((i) => (state.get(`net.layers.${i}.bias`) as Tensor).size(0)),
  });
  net.loadStateDict(state);
  return net;
}

describe("training tuples", () => {
  it.each([
    ["dsbm_f", "dsbm", "f"],
    ["dsbm_b", "dsbm", "b"],
    ["rf", "rectifiedflow", "f"],
    ["sbcfm", "sbcfm", "f"],
  ] as const)("%s", (key, name, direction) => {
    const at = g();
    const method = methods[name];
    const t = at(`${key}/u`)
      .squeeze(1)
      .mul(1 - 2 * method.eps)
      .add(method.eps);
    const [x0, x1] = at("pairs").unbind({ dim: 1 });
    const noise = () => at(`${key}/z`);
    const got = method.regression({ x0, x1 }, { direction, process, t, meanMatch: false, noise });
    expectClose(got.t.unsqueeze(1), at(`${key}/t`));
    expectClose(got.x, at(`${key}/z_t`));
    expectClose(got.target, at(`${key}/target`));
  });

  it.each([
    ["dsb_b_first", null, "f"],
    ["dsb_b", "net", "f"],
    ["dsb_f", "net", "b"],
  ] as const)("%s", (key, previous, direction) => {
    const at = g();
    const net = network();
    const field = previous && ((x: Tensor, t: Tensor) => net.forward(x, t));
    const [x0, x1] = at("pairs").unbind({ dim: 1 });
    const z = at(`${key}/z`);
    const { x, t, target } = incrementTuples(field, direction === "f" ? x0 : x1, {
      direction,
      grid,
      sigma,
      noise: (_, k) => z.select(0, k),
      steps: at(`${key}/k`),
    });
    expectClose(t.unsqueeze(1), at(`${key}/t`));
    expectClose(x, at(`${key}/z_t`));
    expectClose(target, at(`${key}/target`));
  });
});

describe("samplers", () => {
  it.each(["f", "b"] as const)("Euler–Maruyama %s", (direction) => {
    const at = g();
    const net = network();
    const states: Tensor[] = [];
    const z = at(`sde_${direction}/z`);
    const start = at(`sde_${direction}/traj`).select(0, 0);
    eulerMaruyama((x, t) => net.forward(x, t), start, {
      direction,
      grid,
      sigma,
      noise: (_, k) => z.select(0, k),
      callback: (x) => states.push(x),
    });
    expectClose(stack(states), at(`sde_${direction}/traj`));
  });

  it.each(["f", "b"] as const)("Euler %s", (direction) => {
    const at = g();
    const net = network();
    const states: Tensor[] = [];
    const start = at(`ode_${direction}/traj`).select(0, 0);
    sample(
      {
        method: methods.rectifiedflow,
        process: brownian({ sigma: 0 }),
        networks: { [direction]: net },
      },
      start,
      { direction, grid, callback: (x) => void states.push(x) },
    );
    expectClose(stack(states), at(`ode_${direction}/traj`));
  });
});
