// A checkpoint as the reference's training leaves it, written by Python: it loads, bit for bit, into our UNet.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UNet, type UNetOptions } from "@dsbm/nets";
import { io, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { expectClose, golden, goldenGroup } from "./golden.js";

const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL("golden", import.meta.url));
const path = `${folder}/unet_mnist.ckpt`;

beforeAll(() => setNumThreads(1));

function expectSame(found: io.RawArray, want: io.RawArray, name: string) {
  expect([found.dtype, found.shape], name).toEqual([want.dtype, want.shape]);
  expect(Buffer.compare(found.data, want.data), name).toBe(0);
}

describe("unet_mnist.ckpt", () => {
  it("holds the tensors of unet_mnist.safetensors, bit for bit", () =>
    tidy(() => {
      const state = io.loadStateDict(path);
      const want = goldenGroup("unet_mnist", "param/");
      expect(state.size).toBe(want.size);
      for (const [name, t] of want) {
        expect(state.has(name), name).toBe(true);
        expectSame(io.toRaw(state.get(name)!), io.toRaw(t), name);
      }
    }));

  it("gives the reference's output once loaded into the UNet", () =>
    tidy(() => {
      const g = golden("unet_mnist");
      const { metadata } = io.loadTensors(`${folder}/unet_mnist.safetensors`);
      const said = metadata.options ?? metadata.config;
      const net = new UNet({
        image_size: g("x").size(-1),
        in_channels: g("x").size(1),
        out_channels: g("out").size(1),
        num_channels: 32,
        channel_mult: [0.5, 1, 1],
        num_res_blocks: 1,
        attention_resolutions: [14],
        num_heads: 4,
        use_scale_shift_norm: true,
        conv_resample: true,
        temb_scale: 1000,
        ...(said ? (JSON.parse(said) as Partial<UNetOptions>) : {}),
      });
      net.loadStateDict(io.loadStateDict(path)).eval();
      expectClose(net.forward(g("x"), g("t")), g("out"), 1e-5);
      net.dispose();
    }));

  it("is refused with one bit of any tensor changed, and cut anywhere", () => {
    const bytes = new Uint8Array(readFileSync(path));
    for (let k = 1; k <= 50; k++) {
      const at = Math.floor((bytes.length * k) / 51);
      expect(() => io.decodePt(bytes.subarray(0, at))).toThrow(
        expect.objectContaining({ name: "TorchError" }),
      );
    }
    const state = io.decodePt(bytes) as Map<string, io.RawArray>;
    for (const name of [...state.keys()].filter((_, k) => k % 20 === 0)) {
      // The arrays are views of the file's own bytes.
      const { data } = state.get(name)!;
      expect(data.buffer).toBe(bytes.buffer);
      data[data.length - 1] ^= 1;
      expect(() => io.decodePt(bytes), name).toThrow(/another checksum/);
      data[data.length - 1] ^= 1;
    }
    expect((io.decodePt(bytes) as Map<string, unknown>).size).toBe(state.size);
  });
});
