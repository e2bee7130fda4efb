// The conditional network of vectors: its formula, its options, and training.

import type { Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { beforeEach, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { normal, seeded } from "../../../../../test/support/numbers.js";
import { ConditionalMLP, type ConditionalMLPOptions } from "../../src/mlp/conditional.js";
import { idle, refuses } from "../networks.js";

beforeEach(() => T.setNumThreads(1));

const make = (changes: Partial<ConditionalMLPOptions> = {}) =>
  new ConditionalMLP({ x_dim: 3, y_dim: 2, ...changes }, { generator: seeded(1) });

it("trains every parameter, with a condition or without, recorded or not", () => {
  for (const y_dim of [0, 2]) {
    using net = make({ y_dim });
    const adam = new T.optim.Adam(net.parameters(), { lr: 1e-2 });
    const body: T.TensorFunction = (x, t, cond) => {
      const out = net.forward(x, t, y_dim ? { cond: cond } : {});
      const loss = out.sub(x).square().mean();
      adam.zeroGrad();
      loss.backward();
      return loss.detach();
    };
    const inputs = [normal([6, 3], 1), normal([6, 1], 2), normal([6, 2], 3)].map((a) =>
      a.to("float32"),
    );
    const grads = (step: T.TensorFunction) => {
      const loss = [step(...inputs)].flat()[0];
      return [loss.item(), net.parameters().map((p) => (p.grad as Tensor).toNumbers())];
    };
    const plain = grads(body);
    expect(idle(net)).toEqual([]);
    const replayed = T.recorded(body);
    expect(grads(replayed)).toEqual(plain);
    expect(grads(replayed)).toEqual(plain);
    adam.zeroGrad();
    adam.dispose();
  }
});

it("refuses inputs that do not fit", () => {
  using net = make();
  using alone = make({ y_dim: 0 });
  const [x, t, cond] = [[4, 3], [4], [4, 2]].map((shape) => T.zeros(shape));
  refuses(() => net.forward(cond, t, { cond }), /x has shape \[4,2\]; .* \[B, 3\]/);
  refuses(() => net.forward(x, t), /cond is missing; expected \[4, 2\], since y_dim is 2/);
  refuses(() => net.forward(x, t, { cond: x }), /cond has shape \[4,3\]; expected \[4, 2\]/);
  refuses(() => alone.forward(x, t, { cond }), /cond has shape \[4,2\]; expected none/);
  refuses(() => net.forward(x, t, { cond, y: t }), /takes no classes/);
});
