// The conditional network of vectors: its formula, its options, and training.

import type { Tensor } from "@dsbm/torch";
import * as T from "@dsbm/torch";
import { beforeEach, describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal, seeded } from "../../../../../test/support/numbers.js";
import { ConditionalMLP, type ConditionalMLPOptions } from "../../src/mlp/conditional.js";
import { idle, refuses } from "../networks.js";

beforeEach(() => T.setNumThreads(1));

const make = (changes: Partial<ConditionalMLPOptions> = {}) =>
  new ConditionalMLP({ x_dim: 3, y_dim: 2, ...changes }, { generator: seeded(1) });

it("is two encoders side by side and layers behind, LeakyReLU everywhere but at the end", () => {
  using net = make({ decoder_layers: [8], temb_scale: 7 }).to({ dtype: "float64" });
  const x = normal([4, 3], 1);
  const cond = normal([4, 2], 2);
  const t = normal([4], 3);
  const state = net.stateDict();
  const layer = (h: Tensor, path: string) =>
    T.linear(h, state.get(`${path}.weight`) as Tensor, { bias: state.get(`${path}.bias`)! });
  const encoded = (h: Tensor, path: string) =>
    layer(layer(h, `${path}.layers.0`).leakyRelu(), `${path}.layers.1`).leakyRelu();
  const angles = T.tensor([0, 1, 2, 3, 4, 5, 6, 7], { dtype: "float64" })
    .mul(-Math.log(10000) / 7)
    .exp()
    .mul(t.mul(7).unsqueeze(1));
  const times = encoded(T.cat([angles.sin(), angles.cos()], { dim: 1 }), "t_encoder");
  const points = encoded(T.cat([x, cond], { dim: 1 }), "xy_encoder");
  const h = layer(T.cat([points, times], { dim: 1 }), "net.layers.0").leakyRelu();
  // The waves' frequencies are float32.
  expect(distance(net.forward(x, t, { cond }), layer(h, "net.layers.1"))).toBeLessThan(1e-6);
});

it("trains every parameter, with a condition or without, recorded or not", () => {
  for (const y_dim of [0, 2]) {
    using net = make({ y_dim });
    const adam = new T.optim.Adam(net.parameters(), { lr: 1e-2 });
    const body: T.TensorFunction = (x, t, cond) => {
      const out = net.forward(x as Tensor, t as Tensor, y_dim ? { cond: cond as Tensor } : {});
      const loss = out
        .sub(x as Tensor)
        .square()
        .mean();
      adam.zeroGrad();
      loss.backward();
      return loss.detach();
    };
    const inputs = [normal([6, 3], 1), normal([6, 1], 2), normal([6, 2], 3)].map((a) =>
      a.to("float32"),
    ) as [Tensor, Tensor, Tensor];
    const grads = (step: T.TensorFunction) => {
      const loss = [step(...inputs)].flat()[0] as Tensor;
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

describe("errors", () => {
  const options: [Partial<ConditionalMLPOptions>, RegExp][] = [
    [{ x_dim: 0 }, /x_dim is 0; expected an integer of at least 1/],
    [{ y_dim: -1 }, /y_dim is -1/],
    [{ pos_dim: 2 }, /pos_dim is 2; expected an integer of at least 4/],
    [{ xy_encoder_layers: [] }, /xy_encoder_layers is empty/],
    [{ decoder_layers: [8, 0] }, /decoder_layers has an entry that is 0; expected an integer/],
    [{ temb_scale: Number.NaN }, /temb_scale is NaN/],
  ];
  it.each(options)("of options: %j", (changes, message) => {
    refuses(() => make(changes), message);
  });

  it("of inputs", () => {
    using net = make();
    using alone = make({ y_dim: 0 });
    const x = T.zeros([4, 3]);
    const t = T.zeros([4]);
    const cond = T.zeros([4, 2]);
    refuses(() => net.forward(T.zeros([4, 2]), t, { cond }), /x has shape \[4,2\]; .* \[B, 3\]/);
    refuses(() => net.forward(x, T.zeros([3]), { cond }), /t has shape \[3\]/);
    refuses(() => net.forward(x, t), /cond is missing; expected \[4, 2\], since y_dim is 2/);
    refuses(() => net.forward(x, t, { cond: x }), /cond has shape \[4,3\]; expected \[4, 2\]/);
    refuses(() => alone.forward(x, t, { cond }), /cond has shape \[4,2\]; expected none/);
    refuses(() => net.forward(x, t, { cond, y: t }), /takes no classes/);
  });
});
