// The network of the downscaling experiment against the reference's.
import { DownscalerUNet } from "@dsbm/nets";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe } from "vitest";
import { itIsTheReference } from "./networks.js";

beforeAll(() => setNumThreads(1));

describe("unet_downscaler", () => {
  itIsTheReference(
    "unet_downscaler",
    ({ g, params, said }) => {
      const width = (key: string) => (params.get(key) as Tensor).size(0);
      const channels = ["conv1", "conv2.op", "conv3.op", "conv4.op"].map((c) =>
        width(`${c}.weight`),
      );
      const blocks = [...params.keys()].map((key) => /^middle_block\.(\d+)\./.exec(key)?.[1] ?? -1);
      const num_channels = 32;
      return new DownscalerUNet({
        in_channels: g("x").size(1) + g("y").size(1),
        out_channels: g("out").size(1),
        image_size: g("x").size(-1),
        num_channels,
        channel_mult: channels.map((c) => c / num_channels),
        num_res_blocks: Math.max(...blocks.map(Number)) + 1,
        mean_bypass: params.has("mean_skip_1.weight"),
        ...said,
      });
    },
    (net, g) => net.forward(g("x"), g("t"), { cond: g("y") }),
  );
});
