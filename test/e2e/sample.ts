// Runs to sample from, made in a moment: folders as the trainers leave them, with weights of a seed instead of
// trained ones.

import { readdirSync } from "node:fs";
import { type Direction, type Network, noiseShareOf } from "@dsbm/bridge";
import type { ColumnTransform } from "@dsbm/data";
import { writeFileAtomic } from "@dsbm/files";
import { openRun } from "@dsbm/runs";
import { arange, Generator, io, noGrad, randn, setNumThreads } from "@dsbm/torch";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { bridgeProcess, buildNetwork } from "../../packages/app/problem/src/index.js";
import { line } from "../../packages/command/cli/test/own-line.js";
import { gaussianConfig, trainConfig } from "../support/problem.js";

export { line as commandHere } from "../../packages/command/cli/test/own-line.js";

/** `dsbm sample` in this process: starting one for every mistake would take minutes. */
export const sampleHere = (...words: string[]) => line("sample", ...words);

/** A command in this process, to an end that is well. */
export async function runWell(...words: [command: string, ...rest: string[]]) {
  const outcome = await line(...words);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome;
}

export const sampleWell = (...words: string[]) => runWell("sample", ...words);

/** The tests of a file run in a folder, on one core. */
export function workIn(folder: string): void {
  const before = process.cwd();
  beforeAll(() => {
    process.chdir(folder);
    vi.stubEnv("DSBM_CORES", "1");
    setNumThreads(1);
  });
  afterAll(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });
}

/** The files of a folder whose names begin with a dot, as temporary ones do. */
export const hiddenIn = (folder: string) =>
  readdirSync(folder).filter((name) => name.startsWith("."));

/** Weights that are all of some size: a new network answers with zeros. */
function scramble(network: Network, seed: number, scale = 0.2) {
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
  halves: readonly Direction[] = ["b", "f"],
  {
    finished = true,
    scale,
    shape,
  }: {
    finished?: boolean | undefined;
    scale?: number | undefined;
    shape?: readonly number[];
  } = {},
) {
  const run = openRun({ folder, dsbm: "0.0.0", config, columns: ["half_iteration"] });
  for (const [i, direction] of halves.entries()) {
    using net = scramble(network(direction), i + 1, scale);
    const biases = [...net.stateDict()].filter(([name]) => name.endsWith(".bias"));
    const facts = { shape: JSON.stringify(shape ?? [biases.at(-1)?.[1].size(0)]) };
    writeFileAtomic(run.paths.model(i + 1, direction), io.encodeTensors(net.stateDict(), facts));
  }
  if (finished) run.finish();
  else run.interrupt("stopped by a signal");
}

/** A run of `dsbm train` on 8×8 images: 28,000 parameters, 4 steps. */
export function imageRun(folder: string, words: readonly string[] = [], { classes = 0 } = {}) {
  const config = trainConfig(
    "dataset=synthetic",
    "data.image_size=8",
    "num_steps=4",
    "model.num_res_blocks=1",
    ...words,
  );
  const { channels, image_size, cond_channels } = config.data;
  const shape = [channels, image_size, image_size];
  const conditions = config.cdsb ? cond_channels : 0;
  const facts = { classes, method: bridgeProcess(config).method, shape, conditions };
  leave(folder, config, (d) => buildNetwork(config, d, facts), config.fb_sequence);
  return folder;
}

/** A run of `dsbm gaussian` in two dimensions, 5 steps. */
export function vectorRun(
  folder: string,
  words: readonly string[] = [],
  { halves, finished }: { halves?: readonly Direction[]; finished?: boolean } = {},
): string {
  const config = gaussianConfig("dim=2", "net_name=mlp_small", "num_steps=5", ...words);
  const facts = { classes: 0, method: bridgeProcess(config).method, shape: [2] };
  const make = (d: Direction) => {
    const network = buildNetwork(config, d, facts);
    const share = noiseShareOf(network, d);
    if (share) noGrad(() => share.copy_(arange(0, share.numel).div(share.numel)));
    return network;
  };
  leave(folder, config, make, halves, { finished });
  return folder;
}

/** What a run of tables has in data.json. */
export interface TableFacts {
  names: readonly string[];
  kept?: readonly string[];
  transform: ColumnTransform;
  /** Whether the data have whole numbers (default: no). */
  whole?: boolean;
  conditioning?: { name: string; classes: string[] | null; mean: number; std: number } | null;
  /** The file of the source, which a run of dsbm knows, too. */
  from?: string;
}

/** A time course of three tables of days 2, 3 and 7, as `more` of `tableRun`. */
export const course = (method: string) => ({
  method,
  fb_sequence: ["b", "f"],
  Dataset_between: ["table:m.csv"],
  times: [2, 3, 7],
  sigma: 0.5,
});

/** A run of two tables, 5 steps; with `scale` 0 its networks answer with zeros, so that its flow changes nothing. */
export function tableRun(
  folder: string,
  { names, kept = [], transform, whole = false, conditioning = null, from }: TableFacts,
  {
    scale,
    components,
    data,
    more,
  }: { scale?: number; components?: number; data?: object; more?: object } = {},
): string {
  const plain = gaussianConfig(`dim=${names.length}`, "net_name=mlp_small", "num_steps=5");
  const config = {
    ...plain,
    Dataset: "table:a.csv",
    Dataset_transfer: "table:b.csv",
    data: { ...plain.data, components: components ?? null, ...data },
    ...more,
  };
  const shape = [components ?? names.length];
  const conditions = conditioning ? (conditioning.classes?.length ?? 1) : undefined;
  const facts = { classes: 0, method: bridgeProcess(config).method, shape, conditions };
  leave(folder, config, (d) => buildNetwork(config, d, facts), ["b", "f"], { scale, shape });
  const columns = names.map((name, k) => {
    const [mean, room] = [transform.mean[k], 10 * transform.std[k]];
    const source = { min: mean - room, max: mean + room };
    return { name, source, target: null, whole };
  });
  const counts = { rows: 10, train: 9, test: 1, dropped: 0 };
  const source = { path: from ?? "a.csv", group: null, format: "csv", ...counts };
  const saved = { source, target: null, columns, kept, transform, conditioning };
  writeFileAtomic(`${folder}/data.json`, JSON.stringify(saved));
  return folder;
}
