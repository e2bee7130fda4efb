// This process's rank, from the variables of torchrun, Kubeflow Trainer or Slurm's srun.
import { distributedError } from "./errors.js";

type Variables = Readonly<Record<string, string | undefined>>;

/** Where a process stands among all processes of a training, as its launcher says. */
export interface RankPlace {
  /** What started the process. */
  launcher: "torchrun" | "kubeflow" | "slurm" | "none";
  /** The number of the process, from 0. */
  rank: number;
  /** The number of all processes. */
  worldSize: number;
  /** The number of the process on its machine, from 0. */
  localRank: number;
  /** The number of processes on its machine. */
  localSize: number;
  /** The address of the store; null if the launcher does not tell it. */
  address: string | null;
  /** The port of the store; null if the launcher does not tell it. */
  port: number | null;
  /** Whether the launcher itself serves the store, so that rank 0 must not. */
  served: boolean;
  /** Differs between attempts that share a store. */
  attempt: string;
}

function wholeNumber(variables: Variables, name: string, least: number): number | undefined {
  const text = variables[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw distributedError(
      `${name}=${text}: expected a whole number of at least ${least}; set it as the launcher would, or unset it`,
    );
  return value;
}

function requiredNumber(variables: Variables, name: string, with_: string, least = 0): number {
  const value = wholeNumber(variables, name, least);
  if (value === undefined)
    throw distributedError(
      `${with_} is set but ${name} is not: start all processes by torchrun or srun, or set both`,
    );
  return value;
}

/**
 * The names in a Slurm list of nodes: `gpu[01-03,7],login`.
 * @throws {TorchError}
 */
export function expandNodes(list: string): string[] {
  const refuse = () =>
    distributedError(`"${list}" is no Slurm list of nodes, such as gpu[01-04,7],login`);
  // Commas inside brackets belong to one name.
  const names = list.match(/(?:[^,[\]]|\[[^[\]]*\])+/g) ?? [];
  if (names.join(",") !== list || list === "") throw refuse();
  const expand = (name: string): string[] => {
    const parts = /^([^[]*)\[([^\]]+)\](.*)$/.exec(name);
    if (!parts) return [name];
    const [, head, ranges, tail] = parts as unknown as [string, string, string, string];
    const tails = expand(tail);
    return ranges.split(",").flatMap((range) => {
      const ends = /^(\d+)(?:-(\d+))?$/.exec(range);
      if (!ends) throw refuse();
      const first = ends[1];
      const last = Number(ends[2] ?? first);
      if (last < Number(first) || last - Number(first) > 1e6) throw refuse();
      return Array.from({ length: last - Number(first) + 1 }, (_, i) =>
        String(Number(first) + i).padStart(first.length, "0"),
      ).flatMap((number) => tails.map((end) => `${head}${number}${end}`));
    });
  };
  return names.flatMap(expand);
}

/** A port from 20000 to 29999 that all processes derive from the job's name. */
export function portOf(job: string): number {
  let hash = 2166136261;
  for (const letter of job) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16777619);
  return 20000 + ((hash >>> 0) % 10000);
}

const ownMachine = "127.0.0.1";

const singleProcess: RankPlace = {
  launcher: "none",
  rank: 0,
  worldSize: 1,
  localRank: 0,
  localSize: 1,
  address: null,
  port: null,
  served: false,
  attempt: "",
};

function fromTorchrun(v: Variables): RankPlace {
  const rank = requiredNumber(v, "RANK", "WORLD_SIZE");
  const worldSize = requiredNumber(v, "WORLD_SIZE", "RANK", 1);
  const restarts = v.TORCHELASTIC_RESTART_COUNT ?? "0";
  return {
    launcher: "torchrun",
    rank,
    worldSize,
    localRank: wholeNumber(v, "LOCAL_RANK", 0) ?? rank,
    localSize: wholeNumber(v, "LOCAL_WORLD_SIZE", 1) ?? worldSize,
    address: null,
    port: null,
    served: v.TORCHELASTIC_USE_AGENT_STORE === "True",
    attempt: `${v.TORCHELASTIC_RUN_ID ?? ""}/${restarts}`,
  };
}

/** A pod of a TrainJob, which has the variables of torchrun's options and no torchrun: one process a pod. */
function fromKubeflow(v: Variables): RankPlace {
  const perPod = v.PET_NPROC_PER_NODE ?? "1";
  if (perPod !== "1")
    throw distributedError(
      `PET_NPROC_PER_NODE=${perPod}: expected 1, as dsbm is one process a pod; set numProcPerNode: 1 and more nodes, or start it by torchrun --no-python`,
    );
  const rank = requiredNumber(v, "PET_NODE_RANK", "PET_NNODES");
  const worldSize = requiredNumber(v, "PET_NNODES", "PET_NODE_RANK", 1);
  return {
    launcher: "kubeflow",
    rank,
    worldSize,
    localRank: 0,
    localSize: 1,
    address: v.PET_MASTER_ADDR || null,
    port: wholeNumber(v, "PET_MASTER_PORT", 1) ?? null,
    served: false,
    attempt: "",
  };
}

function fromSlurm(v: Variables): RankPlace {
  const worldSize =
    wholeNumber(v, "SLURM_STEP_NUM_TASKS", 1) ??
    wholeNumber(v, "SLURM_NTASKS", 1) ??
    requiredNumber(v, "SLURM_NPROCS", "SLURM_PROCID", 1);
  const nodes = expandNodes(v.SLURM_STEP_NODELIST || v.SLURM_NODELIST || ownMachine);
  // "2(x3),1": three nodes with two tasks, then one with one.
  const tasks = (v.SLURM_STEP_TASKS_PER_NODE ?? "").split(",").flatMap((part) => {
    const [, n, times] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return n === undefined ? [] : Array<number>(Number(times ?? 1)).fill(Number(n));
  });
  const node = wholeNumber(v, "SLURM_NODEID", 0) ?? 0;
  const job = `${v.SLURM_JOB_ID ?? ""}.${v.SLURM_STEP_ID ?? ""}`;
  return {
    launcher: "slurm",
    rank: requiredNumber(v, "SLURM_PROCID", "SLURM_NTASKS"),
    worldSize,
    localRank: wholeNumber(v, "SLURM_LOCALID", 0) ?? 0,
    localSize: tasks[node] ?? Math.ceil(worldSize / nodes.length),
    address: nodes.length === 1 ? ownMachine : nodes[0],
    port: portOf(`slurm ${job}`),
    served: false,
    attempt: `${job}/${v.SLURM_RESTART_COUNT ?? "0"}`,
  };
}

/**
 * Reads this process's place from RANK and WORLD_SIZE, from PET_NNODES and PET_NODE_RANK of a TrainJob, or from Slurm's
 * step; MASTER_ADDR and MASTER_PORT win.
 * @throws {TorchError} that names the wrong variable.
 */
export function placeFromEnvironment(variables: Variables = process.env): RankPlace {
  const v = variables;
  // sbatch sets SLURM_PROCID for its script too, which is one process whatever was asked for.
  const inStep = v.SLURM_PROCID !== undefined && v.SLURM_STEP_ID !== undefined;
  const place: RankPlace =
    v.RANK !== undefined || v.WORLD_SIZE !== undefined
      ? fromTorchrun(v)
      : v.PET_NNODES !== undefined || v.PET_NODE_RANK !== undefined
        ? fromKubeflow(v)
        : inStep && /^\d+$/.test(v.SLURM_STEP_ID!)
          ? fromSlurm(v)
          : { ...singleProcess };
  if (place.rank >= place.worldSize)
    throw distributedError(
      `rank ${place.rank} of ${place.worldSize} processes (${place.launcher}): ranks count from 0 to ${place.worldSize - 1}; correct RANK or WORLD_SIZE`,
    );
  place.address = v.MASTER_ADDR || place.address;
  // A launcher that says that all ranks are on this machine.
  if (!place.served && place.address && Number(v.LOCAL_WORLD_SIZE) === place.worldSize)
    place.address = ownMachine;
  place.port = wholeNumber(v, "MASTER_PORT", 1) ?? place.port;
  if (place.port !== null && place.port > 65535)
    throw distributedError(`MASTER_PORT=${place.port}: expected a port from 1 to 65535`);
  return place;
}
