// Runs to sample from, made in a moment: folders as the trainers leave them, with weights of a seed instead of
// trained ones.

import { fileURLToPath } from "node:url";
import { type Direction, methods, type Network, noiseShareOf } from "@dsbm/bridge";
import { completeTrain, gaussian, resolve, train } from "@dsbm/config";
import type { ColumnTransform } from "@dsbm/data";
import { openRun, writeFileAtomic } from "@dsbm/runs";
import { arange, Generator, io, noGrad, randn } from "@dsbm/torch";
import { vi } from "vitest";
import { main } from "../../packages/cli/src/main.js";
import { buildNetwork } from "../../packages/cli/src/problem/network.js";

const presets = fileURLToPath(new URL("../../packages/cli/conf", import.meta.url));

/** `dsbm sample` in this process: starting one for every mistake would take minutes. */
export const sampleHere = (...words: string[]) => commandHere("sample", ...words);

/** A command in this process. */
export async function commandHere(...words: string[]) {
  const output = { stdout: "", stderr: "" };
  const spies = [
    vi.spyOn(console, "log").mockImplementation((text) => {
      output.stdout += `${text}\n`;
    }),
    vi.spyOn(console, "error").mockImplementation((text) => {
      output.stderr += `${text}\n`;
    }),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      output.stderr += text;
      return true;
    }),
  ];
  try {
    const code = await main(words);
    return { code, ...output };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Weights that are all of some size: a new network answers with zeros. */
function scramble(network: Network, seed: number, scale = 0.2): Network {
  const generator = Generator.create(seed);
  noGrad(() => {
    for (const p of network.parameters()) p.copy_(randn(p.shape, { generator }).mul(scale));
  });
  return network;
}

function leave(
  folder: string,
  config: object,
  network: (direction: Direction) => Network,
  halves: readonly Direction[],
  finished: boolean,
  scale?: number,
): void {
  const run = openRun({ folder, dsbm: "0.0.0", config, columns: ["half_iteration"] });
  for (const [i, direction] of halves.entries()) {
    using net = scramble(network(direction), i + 1, scale);
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
  const facts = { classes, method: methods.dsbm, shape: [channels, image_size, image_size] };
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
  const facts = { classes: 0, method: methods.dsbm, shape: [2] };
  const make = (d: Direction) => {
    const network = buildNetwork(config, d, facts);
    const share = noiseShareOf(network, d);
    if (share) noGrad(() => share.copy_(arange(0, share.numel).div(share.numel)));
    return network;
  };
  leave(folder, config, make, halves, finished);
  return folder;
}

/** What a run of tables has in data.json. */
export interface TableFacts {
  names: readonly string[];
  kept?: readonly string[];
  transform: ColumnTransform;
  conditioning?: { name: string; classes: string[] | null; mean: number; std: number };
}

/** A run of two tables, 5 steps; with `scale` 0 its networks answer with zeros, so that its flow changes nothing. */
export function tableRun(
  folder: string,
  { names, kept = [], transform, conditioning }: TableFacts,
  { scale, components }: { scale?: number; components?: number } = {},
): string {
  const words = [`dim=${names.length}`, "net_name=mlp_small", "num_steps=5"];
  const { members } = resolve(gaussian, words, { dirs: [presets] });
  const plain = completeTrain(members[0]!.config);
  const config = {
    ...plain,
    ...{ Dataset: "table:a.csv", Dataset_transfer: "table:b.csv" },
    data: { ...plain.data, components: components ?? null },
  };
  const shape = [components ?? names.length];
  const conditions = conditioning && (conditioning.classes?.length ?? 1);
  const facts = { classes: 0, method: methods.dsbm, shape, conditions };
  leave(folder, config, (d) => buildNetwork(config, d, facts), ["b", "f"], true, scale);
  const columns = names.map((name) => ({ name }));
  const saved = { columns, kept, transform, conditioning };
  writeFileAtomic(`${folder}/data.json`, JSON.stringify(saved));
  return folder;
}
