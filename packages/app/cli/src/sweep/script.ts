// Writes the script for sbatch: one task of the array for each member.
import type { SlurmLauncher } from "@dsbm/config";
import { shellWord } from "@dsbm/runs";
import { program } from "../machine/program.js";
import type { NumberedMember } from "./member.js";

function sbatchWord(value: string): string {
  return value.replace(/[^\w@%+=:,./-]/gu, (char) => (char > "\u007f" ? char : `\\${char}`));
}

/** Numbers from 1 on in the format of --array: 1-3,7. */
function arrayOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && n === last[1] + 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join();
}

function coresOf(members: readonly NumberedMember[], { cpus_per_task }: SlurmLauncher): number {
  return cpus_per_task * Math.max(1, ...members.map(({ nproc }) => nproc));
}

function optionsOf(
  members: readonly NumberedMember[],
  launcher: SlurmLauncher,
  name: string,
): [string, string | number | boolean][] {
  const { partition, mem_gb, timeout_min, array_parallelism, gpus_per_node } = launcher;
  const megabytes = Math.max(1, Math.round(mem_gb * 1024));
  const gpus = members.map(({ nproc, device }) => (device.startsWith("cuda") ? nproc : 1));
  const options = new Map<string, string | number | boolean>([
    ["job-name", name],
    ["nodes", 1],
    ["ntasks", 1],
    ["cpus-per-task", coresOf(members, launcher)],
    ["mem", `${megabytes}M`],
  ]);
  if (partition !== null) options.set("partition", partition);
  if (gpus_per_node !== null) options.set("gpus-per-node", Math.max(gpus_per_node, ...gpus));
  if (timeout_min !== null) {
    options.set("time", timeout_min);
    // Time to reach a step boundary and save before the limit.
    options.set("signal", `B:TERM@${Math.min(90, 15 * timeout_min)}`);
  }
  for (const [key, value] of Object.entries(launcher.additional_parameters))
    options.set(key.replaceAll("_", "-"), value);
  const numbers = arrayOf(members.map(({ number }) => number));
  options.set("array", `${numbers}%${array_parallelism}`);
  options.set("output", "logs/%a.log");
  options.set("open-mode", "append");
  return [...options].filter(([, value]) => value !== false);
}

/**
 * Slurm runs the script from the sweep's folder, so that names of logs need no quoting; members run
 * in the folder where the sweep was started. `exec` makes the member the job's own process, which
 * gets Slurm's signals.
 */
export function batchScript(
  members: readonly NumberedMember[],
  launcher: SlurmLauncher,
  { name, cwd = process.cwd() }: { name: string; cwd?: string },
): string {
  const options = optionsOf(members, launcher, name).map(([key, value]) =>
    value === true ? `#SBATCH --${key}` : `#SBATCH --${key}=${sbatchWord(String(value))}`,
  );
  const cases = members.map(
    ({ number, args }) => `  ${number}) set -- ${args.map(shellWord).join(" ")} ;;`,
  );
  return [
    "#!/bin/sh",
    ...options,
    "",
    "# Members of a sweep, each a task of the array; written by dsbm, which overwrites it.",
    `cd ${shellWord(cwd)} || exit 1`,
    `export DSBM_CORES=${coresOf(members, launcher)}`,
    `case "$SLURM_ARRAY_TASK_ID" in`,
    ...cases,
    `  *) echo "dsbm: this script has no member $SLURM_ARRAY_TASK_ID" >&2; exit 1 ;;`,
    "esac",
    `exec ${shellWord(process.execPath)} ${shellWord(program)} "$@"`,
    "",
  ].join("\n");
}
