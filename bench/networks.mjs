// The networks of the presets as costs: parameters, and operations of a forward pass, counted while one runs.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { completeTrain, resolve, train } from "@dsbm/config";
import * as torch from "@dsbm/torch";
import { buildNetwork } from "../packages/app/problem/dist/network.js";

const presets = [join(fileURLToPath(new URL("..", import.meta.url)), "packages/app/config/conf")];

/** Layers that multiply by weights at every pixel: sizes of what follows batch and channels. */
const pixels = (y) => y.shape.slice(2).reduce((a, b) => a * b, 1);

/** Has every layer of weights count what it multiplies. */
function count(network, tally) {
  for (const module of network.modules()) {
    const weight = module.weight ?? module.W;
    if (!weight || weight.shape.length < 2) continue;
    const forward = module.forward.bind(module);
    module.forward = (...inputs) => {
      const y = forward(...inputs);
      tally.flop += 2 * weight.numel * (y.shape.length > 2 ? pixels(y) : 1);
      return y;
    };
  }
}

/** A preset's parameters, operations a sample (convolutions and linear layers, forward), values and batch. */
export function costOf(dataset) {
  const { members } = resolve(train, [`dataset=${dataset}`], { dirs: presets });
  const config = completeTrain(members[0].config);
  const { image_size: size, channels, cond_channels: cond } = config.data;
  return torch.tidy(() => {
    const network = buildNetwork(config, "b", {
      classes: 0,
      method: {},
      shape: [channels, size, size],
    }).eval();
    const parameters = network.parameters().reduce((n, p) => n + p.numel, 0);
    const tally = { flop: 0 };
    count(network, tally);
    // Convolutions cost by area: large images are counted on small ones.
    const side = Math.min(size, 128);
    const given = cond > 0 ? { cond: torch.randn([1, cond, side, side]) } : undefined;
    torch.noGrad(() =>
      network.forward(torch.randn([1, channels, side, side]), torch.rand([1]), given),
    );
    return {
      dataset,
      parameters,
      flop: tally.flop * (size / side) ** 2,
      values: channels * size * size,
      batch: config.batch_size,
    };
  });
}
