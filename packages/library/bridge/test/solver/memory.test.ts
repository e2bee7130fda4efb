// Solvers of flows keep nothing but their result. A file of its own: what other tests left to the collector would
// blur the count.
import { full, memory, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { flowSolvers, solveFlow } from "../../src/solver/index.js";
import type { Field } from "../../src/solver/solver.js";

// Live tensors are counted.
beforeEach(collectGarbage);

beforeAll(() => setNumThreads(1));

const x = full([3, 1], 1, { dtype: "float64" });
const ownRows = full([3, 1], 0.5, { dtype: "float64" });
const fields: [string, Field][] = [
  ["makes its answer", (y, t) => y.mul(t.mul(3).cos().unsqueeze(1))],
  ["hands out a tensor of its own", () => ownRows],
  ["hands back its point", (y: Tensor) => y],
];
const solvers = Object.keys(flowSolvers) as (keyof typeof flowSolvers)[];

it.each(solvers.flatMap((solver) => fields.map(([what, field]) => ({ solver, what, field }))))(
  "$solver, with a field that $what",
  ({ solver, field }) => {
    let most = 0;
    const watched: Field = (y, t) => {
      most = Math.max(most, memory().live);
      return field(y, t);
    };
    const before = memory().live;
    const options = { times: [0, 0.3, 1], solver, step_size: 0.01 };
    const { states } = tidy(() => solveFlow(watched, x, options));
    expect(memory().live).toBe(before + 1);
    states.dispose();
    expect([x.disposed, ownRows.disposed]).toEqual([false, false]);
    // However many steps there were.
    expect(most - before).toBeLessThan(25);
    const failing: Field = (y, t) => field(y, t).div(t.lt(0.5).to("float64").unsqueeze(1)).mul(0);
    expect(() => tidy(() => solveFlow(failing, x, options))).toThrow(/NaN|finite/);
    expect(memory().live).toBe(before);
  },
);
