import { availableParallelism, cpus } from "node:os";
import { flatten, freeProcessKeys, type ProcessesConfig, setLogPrefix } from "@dsbm/config";
import { nounOf } from "@dsbm/files";
import { version } from "@dsbm/runs";
import { type Device, distributed } from "@dsbm/torch";
import { ProcessRanks, type Ranks, type TrainEvent } from "@dsbm/train";

/** @throws {TorchError} for invalid variables. */
export function isOneOfSeveral(): boolean {
  return distributed.placeFromEnvironment().worldSize > 1;
}

/**
 * Joins the other processes.
 * @throws {TorchError} that names the missing rank, or the rank and key with another configuration.
 */
export async function joinRanks(
  config: ProcessesConfig & { device: string },
  command: string,
): Promise<Ranks> {
  const { rank, localSize } = distributed.placeFromEnvironment();
  setLogPrefix(`rank ${rank}`);
  process.env.DSBM_CORES ??= String(coresOf(localSize));
  const timeoutMs = 1000 * config.dist_timeout;
  const terms = { dsbm: version, command, ...termsOf(config) };
  const control = await distributed.init({ timeoutMs, terms });
  if (control.isExposed && rank === 0)
    console.error(
      "dsbm: anyone who reaches the ports of these processes can read, change and stop the run: keep their network private (docs/security.md)",
    );
  const nccl = config.device !== "cpu" && distributed.available().includes("nccl");
  const data = nccl ? await distributed.init({ backend: "nccl", timeoutMs }) : control;
  return new ProcessRanks({
    control,
    data,
    device: onOwnDevice(config).device as Device,
  });
}

/** A rank's share of the machine, unless the launcher bound it. */
function coresOf(localSize: number): number {
  const bound = Number(process.env.SLURM_CPUS_PER_TASK);
  if (Number.isInteger(bound) && bound > 0) return bound;
  const may = availableParallelism();
  return may < cpus().length ? may : Math.max(1, Math.floor(may / localSize));
}

function termsOf(config: object): Record<string, string> {
  const free: readonly string[] = freeProcessKeys;
  const entries = Object.entries(flatten(config)).filter(([key]) => !free.includes(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, JSON.stringify(value)]));
}

/** The configuration with the GPU of this rank, if it asks for cuda. */
export function onOwnDevice<C extends { device: string }>(config: C): C {
  if (config.device !== "cuda") return config;
  return { ...config, device: `cuda:${distributed.placeFromEnvironment().localRank}` };
}

/** The number of threads and the rows of a step, as a message. */
export function describeStep({
  threads,
  sharesBatch,
}: Extract<TrainEvent, { type: "start" }>): string {
  const step = `${threads} ${nounOf(threads, "thread")} a training step`;
  return sharesBatch === false ? `${step}, all of whose rows are trained on in each process` : step;
}
