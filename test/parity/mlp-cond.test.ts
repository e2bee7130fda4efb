// The conditional network of vectors against the reference's.
import { ConditionalMLP } from "@dsbm/nets";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, describe } from "vitest";
import { itIsTheReference } from "./networks.js";

beforeAll(() => setNumThreads(1));

describe("mlp_cond", () => {
  itIsTheReference(
    "mlp_cond",
    ({ g, params, said }) => {
      const widths = (part: string) =>
        [...params]
          .filter(([key]) => key.startsWith(`${part}.layers.`) && key.endsWith("bias"))
          .map(([, bias]) => bias.size(0));
      return new ConditionalMLP({
        x_dim: g("x").size(1),
        y_dim: g("y").size(1),
        pos_dim: (params.get("t_encoder.layers.0.weight") as Tensor).size(1),
        t_encoder_layers: widths("t_encoder"),
        xy_encoder_layers: widths("xy_encoder"),
        decoder_layers: widths("net").slice(0, -1),
        ...said,
      });
    },
    (net, g) => net.forward(g("x"), g("t"), { cond: g("y") }),
  );
});
