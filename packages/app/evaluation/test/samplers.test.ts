// The samplers of evaluations: a flow whose ends are known in closed form, conditions that go with their rows, and the
// count of evaluations.
import { brownian, type Conditions, dsbm, stream, uniformGrid } from "@dsbm/bridge";
import { arange, nn, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import { beforeAll, expect, it } from "vitest";
import { flowSampler, plainSampler } from "../src/live/samplers.js";

beforeAll(() => setNumThreads(1));

/** The drift slope·x + shift, or slope·x + the condition. */
class Linear extends nn.Module {
  constructor(
    private readonly slope: number,
    private readonly shift: number,
  ) {
    super();
  }
  forward(x: Tensor, _t: Tensor, given?: Conditions): Tensor {
    const moved = x.mul(this.slope);
    return given?.cond ? moved.add(given.cond) : moved.add(this.shift);
  }
}

const networks = { f: new Linear(0.8, 1), b: new Linear(-0.4, 0.2) };
const process = brownian({ sigma: 0.5 });
const grid = uniformGrid(4);
const at = (solver: "dopri5" | "euler" | "heun", options = {}) =>
  flowSampler(
    new Sampler({ method: dsbm, process, networks, grid, threads: 2, chunkRows: 3 }),
    grid,
    { solver, rtol: 1e-6, atol: 1e-6, ...options },
  );
const starts = (n: number) =>
  arange(0, n, { dtype: "float32" }).view([n, 1, 1, 1]).div(n).expand([n, 1, 2, 2]);
const carried = (given?: Conditions) => ({ generator: stream(1, "unused"), given });
const worst = (a: Tensor, b: Tensor) => a.sub(b).abs().max().item();

// dx/dt = ((0.8 + 0.4) x + (1 − 0.2))/2 = 0.6 x + 0.4: x(1) = (x(0) + 2/3) e^0.6 − 2/3.
const forward = (x: Tensor, shift = 0.4) =>
  x
    .add(shift / 0.6)
    .mul(Math.exp(0.6))
    .sub(shift / 0.6);

it("follows the flow to its closed form, forward and backward, in chunks", () =>
  tidy(() => {
    const x = starts(10);
    const there = at("dopri5").carry("f", x, carried());
    expect(worst(there.ends, forward(x))).toBeLessThan(1e-5);
    const back = at("dopri5").carry("b", there.ends, carried());
    expect(worst(back.ends, x)).toBeLessThan(1e-5);
    expect(there.nfe).toBeGreaterThan(6);
  }));

it("takes steps of the length asked for, and counts what they cost", () =>
  tidy(() => {
    const x = starts(5);
    const { ends, nfe } = at("euler", { step_size: 0.1 }).carry("f", x, carried());
    expect(nfe).toBe(10);
    const byHand = x
      .add(2 / 3)
      .mul(1.06 ** 10)
      .sub(2 / 3);
    expect(worst(ends, byHand)).toBeLessThan(1e-5);
    expect(at("heun", { step_size: 0.25 }).carry("b", x, carried()).nfe).toBe(8);
  }));

it("stops on the way where the grid says, the start first", () =>
  tidy(() => {
    const x = starts(4);
    const { states, times } = at("dopri5").path("b", x, carried());
    expect(times).toEqual([1, 0.75, 0.5, 0.25, 0]);
    expect(states.shape).toEqual([5, 4, 1, 2, 2]);
    expect(worst(states.select(0, 0), x)).toBe(0);
    expect(worst(forward(states.select(0, 4)), x)).toBeLessThan(1e-5);
  }));

it("keeps a condition with its row", () =>
  tidy(() => {
    // (1.2 x + c − c)/2: the same condition in both drifts cancels; backward alone it does not.
    const x = starts(7);
    const cond = starts(7).flip([0]).mul(3);
    const alone = flowSampler(
      new Sampler({ method: dsbm, process, networks: { b: networks.b }, grid, chunkRows: 2 }),
      grid,
      { solver: "dopri5", rtol: 1e-6, atol: 1e-6 },
    );
    // dx/dt = 0.4 x − c: x(1) = (x(0) − c/0.4) e^0.4 + c/0.4.
    const { ends } = alone.carry("f", x, carried({ cond }));
    const shift = cond.div(0.4);
    expect(worst(ends, x.sub(shift).mul(Math.exp(0.4)).add(shift))).toBeLessThan(1e-4);
  }));

it("the plain sampler counts its grid and gives the sampler's ends", () =>
  tidy(() => {
    const sampler = new Sampler({ method: dsbm, process, networks, grid, chunkRows: 3 });
    const x = starts(6);
    const options = () => ({ generator: stream(3, "noise"), given: undefined });
    const plain = plainSampler(sampler, grid, { lastNoise: false });
    const { ends, nfe } = plain.carry("b", x, options());
    expect(nfe).toBe(4);
    const same = sampler.endpoints("b", x, { grid, lastNoise: false, ...options() });
    expect(worst(ends, same)).toBe(0);
    const { states, times } = plain.path("f", x, options());
    expect([states.size(0), ...times]).toEqual([5, 0, 0.25, 0.5, 0.75, 1]);
  }));
