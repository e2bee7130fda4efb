// Autocast has PyTorch's rules: products take the short dtype, weights and gradients do not; and it can be recorded.
import { describe, expect, it } from "vitest";
import { startFrom } from "../../../../test/support/start.js";
import * as T from "../src/index.js";
import { bits, type Net, nets, trainTwins } from "./record-support.js";

startFrom(2);

const cast = <R>(fn: () => R) => T.autocast("bfloat16", fn);
/** A net whose forward pass is in bfloat16. */
const inBfloat16 = (net: Net): Net => ({ ...net, loss: (x) => cast(() => net.loss(x)) });

describe("autocast", () => {
  it("makes products bfloat16 within its rounding, and leaves the rest, weights and gradients in float32", () => {
    const [x, y] = [T.randn([8, 32]), T.randn([32, 4]).requiresGrad_()];
    const z = cast(() => x.mm(y));
    expect(z.dtype).toBe("bfloat16");
    expect(cast(() => x.add(1).exp()).dtype).toBe("float32");
    expect(cast(() => z.add(x.narrow(1, 0, 4))).dtype).toBe("float32");
    z.to("float32").sum().backward();
    expect(y.grad?.dtype).toBe("float32");
    const exact = x.mm(y);
    const error = z.to("float32").sub(exact).abs().amax().item();
    expect(error).toBeGreaterThan(0);
    // Operands and result are rounded to 8 bits; a sum of 32 products of size one.
    expect(error).toBeLessThan(3 * 2 ** -9 * x.abs().mm(y.abs()).amax().item());
  });

  it.each(nets)(
    "8 recorded steps of %s equal 8 unrecorded steps, bit for bit",
    (_, make, shape) => {
      const plain = trainTwins(inBfloat16(make()), { steps: 8, shape, record: false });
      expect(trainTwins(inBfloat16(make()), { steps: 8, shape, record: true })).toEqual(plain);
      expect(plain.losses[7]).toBeLessThan(plain.losses[0]);
    },
  );

  it("casts a weight once in a recording without gradients, and again in each replay", () => {
    const w = T.randn([4, 4]).requiresGrad_();
    const twice = T.recordCalls((x) => {
      const once = () => cast(() => x.mm(w)).to("float32");
      return once().add(once());
    });
    const x = T.ones([2, 4]);
    const before = T.noGrad(() => twice(x))[0];
    const casts = T.describeProgram(twice.programFor(x)).steps.filter(
      ({ name }) => name === "aten::_to_copy",
    );
    // The weight, and each time x and the result.
    expect(casts).toHaveLength(5);
    T.noGrad(() => w.mul_(2));
    const [after] = T.noGrad(() => twice(x));
    expect(T.noGrad(() => after.sub(before.mul(2)).abs().amax().item())).toBe(0);
  });

  it("is the same in the recomputation of a checkpoint", () => {
    const layer = new T.nn.Linear(6, 6);
    const block = new T.nn.Sequential(layer, new T.nn.SiLU());
    const x = T.randn([4, 6]);
    const gradients = (part: (x: T.Tensor) => T.Tensor) => {
      layer.zeroGrad();
      cast(() => part(x))
        .to("float32")
        .square()
        .sum()
        .backward();
      return bits(layer.parameters().map((p) => p.grad as T.Tensor));
    };
    const kept = gradients((y) => layer.forward(y).silu());
    const again = gradients((y) => T.nn.checkpoint(block, [y]));
    expect(again).toEqual(kept);
  });

  it("packs standing weights in its dtype, and adds what rows share in float32", () => {
    const layer = new T.nn.Linear(33, 32);
    const [x, t] = [T.randn([200, 32]), T.tensor([0.3333333])];
    const [exact, packed] = T.noGrad(() => [
      layer.forward(x, t),
      T.nn.withStandingWeights(() => cast(() => layer.silu(x, t))),
    ]);
    expect(packed.dtype).toBe("bfloat16");
    const error = T.noGrad(() => packed.to("float32").sub(exact.silu()).abs().amax().item());
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.03);
  });

  it("has a SiLU of its own in bfloat16: the float32 one rounded, NaN and infinities included, at every length", () => {
    for (const n of [1, 63, 1000]) {
      const x = T.randn([n]).mul(20).to("bfloat16");
      const own = T.unsafe.call("dsbm::silu_", "", x.clone()) as T.Tensor;
      const exact = x.to("float32").silu();
      // Half a unit in the last place of 8 bits, and of the float32 kernel.
      const error = own.to("float32").sub(exact).abs().div(exact.abs().add(1e-30)).amax().item();
      expect(error).toBeLessThan(2 ** -8 * 1.001);
    }
    const odd = T.tensor([NaN, Infinity, -Infinity, 0, -0]).to("bfloat16");
    const found = (T.unsafe.call("dsbm::silu_", "", odd) as T.Tensor).to("float32").toNumbers();
    expect([found[0], found[1]]).toEqual([NaN, Infinity]);
    expect(found.slice(3)).toEqual([0, -0]);
  });
});
