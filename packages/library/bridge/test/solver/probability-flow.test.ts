// The times of the probability flow; network-flow.test.ts has its law.
import { full, setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal } from "../../../../../test/support/numbers.js";
import { probabilityFlow } from "../../src/solver/probability-flow.js";
import { exactField } from "../support.js";

beforeAll(() => setNumThreads(1));

const bridge = { a: 0.7, sigma: 1.3 };
const forward = exactField("f", bridge);
const backward = exactField("b", bridge);
const timesOf = (time: number, n: number) => full([n], time, { dtype: "float64" });

it("keeps times in the range of training, where the drifts have no poles", () => {
  const seen: number[][] = [];
  const watch = (x: Tensor, t: Tensor) => {
    seen.push(t.toNumbers());
    return x;
  };
  const x = normal([2, 2], 6);
  for (const time of [-0.1, 0, 0.5, 1, 1.2])
    probabilityFlow({ backward: watch })(x, timesOf(time, 2));
  expect(seen).toEqual([1e-4, 1e-4, 0.5, 1 - 1e-4, 1 - 1e-4].map((t) => [t, t]));
  const atEnd = probabilityFlow({ forward, backward, eps: 1e-6 });
  for (const time of [0, 1]) expect(atEnd(x, timesOf(time, 2)).isfinite().all().item()).toBe(true);
});
