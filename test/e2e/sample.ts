// Runs to sample from, made in a moment: folders as the trainers leave them, with weights of a seed instead of
// trained ones.

import { fileURLToPath } from "node:url";
import type { Direction, Network } from "@dsbm/bridge";
import { completeTrain, gaussian, resolve, train } from "@dsbm/config";
import { openRun, writeFileAtomic } from "@dsbm/runs";
import { Generator, io, noGrad, randn } from "@dsbm/torch";
import { buildNetwork } from "../../packages/cli/src/problem/network.js";

const presets = fileURLToPath(new URL("../../packages/cli/conf", import.meta.url));

/** Weights that are all of some size: a new network answers with zeros. */
function scramble(network: Network, seed: number): Network {
  const generator = Generator.create(seed);
  noGrad(() => {
    for (const p of network.parameters()) p.copy_(randn(p.shape, { generator }).mul(0.2));
  });
  return network;
}

function leave(
  folder: string,
  config: object,
  network: (direction: Direction) => Network,
  halves: readonly Direction[],
  finished: boolean,
): void {
  const run = openRun({ folder, dsbm: "0.0.0", config, columns: ["half_iteration"] });
  for (const [i, direction] of halves.entries()) {
    using net = scramble(network(direction), i + 1);
    writeFileAtomic(run.paths.model(i + 1, direction), io.encodeTensors(net.stateDict()));
  }
  if (finished) run.finish();
  else run.interrupt("stopped by a signal");
}

/** A run of `dsbm train` on 8×8 images: 28,000 parameters, 4 steps. */
export function imageRun(
  folder: string,
  words: readonly string[] = [],
  {
    halves,
    classes = 0,
    finished = true,
  }: { halves?: readonly Direction[]; classes?: number; finished?: boolean } = {},
): string {
  const { members } = resolve(
    train,
    ["dataset=synthetic", "data.image_size=8", "num_steps=4", "model.num_res_blocks=1", ...words],
    { dirs: [presets] },
  );
  const config = completeTrain(members[0]!.config);
  const { channels, image_size } = config.data;
  const facts = { classes, method: {}, shape: [channels, image_size, image_size] };
  const some = halves ?? config.fb_sequence;
  leave(folder, config, (d) => buildNetwork(config, d, facts), some, finished);
  return folder;
}

/** A run of `dsbm gaussian` in two dimensions, 5 steps. */
export function vectorRun(
  folder: string,
  words: readonly string[] = [],
  {
    halves = ["b", "f"],
    finished = true,
  }: { halves?: readonly Direction[]; finished?: boolean } = {},
): string {
  const { members } = resolve(gaussian, ["dim=2", "net_name=mlp_small", "num_steps=5", ...words], {
    dirs: [presets],
  });
  const config = completeTrain(members[0]!.config);
  const facts = { classes: 0, method: {}, shape: [2] };
  leave(folder, config, (d) => buildNetwork(config, d, facts), halves, finished);
  return folder;
}
