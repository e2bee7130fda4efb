// DDPM++ and NCSN++ against the reference's.
import { DDPMpp, type DDPMppOptions } from "@dsbm/nets";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe } from "vitest";
import { itIsTheReference } from "./networks.js";

beforeAll(() => setNumThreads(1));

/** Facts missing in the files; the rest is read from the shapes, or from metadata. */
const knownOptions: Record<string, Partial<DDPMppOptions>> = {
  ddpmpp_32: {
    ch_mult: [1, 2],
    num_res_blocks: 1,
    attn_resolutions: [8],
    resblock_type: "biggan",
  },
  ddpmpp_rf: {
    ch_mult: [1, 1, 2],
    num_res_blocks: 1,
    attn_resolutions: [8],
    resblock_type: "biggan",
    fir: true,
    fir_kernel: [1, 3, 3, 1],
    progressive: "output_skip",
    progressive_input: "input_skip",
    progressive_combine: "sum",
  },
  ncsnpp_residual: {
    ch_mult: [1, 2],
    num_res_blocks: 1,
    attn_resolutions: [16],
    resblock_type: "ddpm",
    progressive: "residual",
    progressive_input: "residual",
  },
};

describe.each(Object.keys(knownOptions))("%s", (name) => {
  itIsTheReference(
    name,
    ({ g, params, said }) =>
      new DDPMpp({
        image_size: g("x").size(-1),
        in_channels: g("x").size(1),
        out_channels: g("out").size(1),
        nf: (params.get("all_modules.0.weight") as Tensor).size(1),
        skip_rescale: true,
        temb_scale: 1000,
        ...knownOptions[name],
        ...said,
      }),
    (net, g) => net.forward(g("x"), g("t")),
  );
});
