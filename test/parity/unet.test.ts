// The UNet against the reference's: the state dict by name, the output, and the gradient's norm of every parameter.
import { fileURLToPath } from "node:url";
import { UNet, type UNetOptions } from "@dsbm/nets";
import { io, setNumThreads, stack, type Tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectClose, golden, goldenGroup } from "./golden.js";

const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL("golden", import.meta.url));

beforeAll(() => setNumThreads(1));

/** Facts missing in the files; the rest is read from the shapes, or from metadata. */
const knownOptions: Record<string, Partial<UNetOptions>> = {
  unet_mnist: {
    num_channels: 32,
    channel_mult: [0.5, 1, 1],
    num_res_blocks: 1,
    attention_resolutions: [14],
    num_heads: 4,
    use_scale_shift_norm: true,
    conv_resample: true,
    temb_scale: 1000,
  },
  unet_updown: {
    num_channels: 32,
    channel_mult: [1, 1, 2],
    num_res_blocks: 1,
    attention_resolutions: [28, 7],
    num_heads: 1,
    use_scale_shift_norm: false,
    resblock_updown: true,
    temb_scale: 1,
  },
};

describe.each(Object.keys(knownOptions))("%s", (name) => {
  const open = () => {
    const g = golden(name);
    const params = goldenGroup(name, "param/");
    const { metadata } = io.loadTensors(`${folder}/${name}.safetensors`);
    const said = metadata.options ?? metadata.config;
    const net = new UNet({
      image_size: g("x").size(-1),
      in_channels: g("x").size(1),
      out_channels: g("out").size(1),
      ...knownOptions[name],
      ...(said ? (JSON.parse(said) as Partial<UNetOptions>) : {}),
    });
    return { g, params, metadata, net };
  };

  it("has the reference's state dict: names in their order, and shapes", () =>
    tidy(() => {
      const { params, metadata, net } = open();
      const shapes = (state: Iterable<[string, Tensor]>) =>
        Object.fromEntries([...state].map(([key, t]) => [key, t.shape]));
      expect(shapes(net.stateDict())).toEqual(shapes(params));
      const order = JSON.parse(metadata.gradnorm_order) as string[];
      expect(net.namedParameters().map(([key]) => key)).toEqual(order);
      net.dispose();
    }));

  it("gives the reference's output and gradient norms", () =>
    tidy(() => {
      const { g, params, net } = open();
      net.loadStateDict(params).eval();
      const out = net.forward(g("x"), g("t"));
      expectClose(out, g("out"));
      out.mul(g("w")).mean().backward();
      const norms = stack(net.parameters().map((p) => (p.grad as Tensor).norm()));
      const want = g("gradnorms");
      expectClose(norms, want);
      // One by one as well, as far as float32 carries a sum that all but cancels.
      norms.toNumbers().forEach((norm, i) => {
        const expected = want.toNumbers()[i];
        expect(Math.abs(norm - expected), net.namedParameters()[i]?.[0]).toBeLessThanOrEqual(
          1e-5 * expected + 1e-9,
        );
      });
      net.zeroGrad();
      net.dispose();
    }));
});
