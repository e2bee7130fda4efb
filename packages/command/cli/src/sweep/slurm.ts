import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { basename } from "node:path";
import { ConfigError, type SlurmLauncher } from "@dsbm/config";
import { shellWord, writeFileAtomic } from "@dsbm/files";
import { createInterrupt, type SweepPaths } from "@dsbm/runs";
import { program } from "../machine/program.js";
import type { NumberedMember } from "./sweep.js";

/**
 * Submits the members; the launcher's `wait` says whether to wait for their end.
 * @throws {ConfigError} with Slurm's message.
 */
export async function runSlurm(
  members: readonly NumberedMember[],
  launcher: SlurmLauncher,
  paths: SweepPaths,
): Promise<"ended" | "stopped" | "submitted"> {
  // The folder's name has a hash of the members.
  const name = `dsbm-${basename(paths.folder)}`;
  const { output: queued } = await runProgram([
    "squeue",
    "--noheader",
    "--format=%A",
    "--name",
    name,
  ]);
  const jobs = queued.match(/^\d+$/gm)?.join(" ");
  if (jobs)
    throw new ConfigError(
      `this sweep waits or runs in Slurm already: wait for it, or write scancel ${jobs}`,
    );
  writeFileAtomic(paths.script, batchScript(members, launcher, { name }));
  // Messages of an earlier start do not belong to this start.
  for (const { number } of members) rmSync(paths.log(number), { force: true });
  const interrupt = createInterrupt({ notify: () => {} });
  try {
    const wait = launcher.wait ? ["--wait"] : [];
    const { code, output } = await runProgram(["sbatch", ...wait, basename(paths.script)], {
      cwd: paths.folder,
      signal: interrupt.signal,
      show: console.log,
    });
    const job = /^Submitted batch job (\d+)/m.exec(output)?.[1];
    if (code === null && !interrupt.signal.aborted)
      throw new ConfigError(
        "Slurm's sbatch is not on PATH: start the sweep where jobs are submitted (Debian: apt install slurm-client), or write launcher=local",
      );
    if (job === undefined)
      throw new ConfigError(
        `sbatch refused the sweep: ${output.trim().split("\n").at(-1)}; correct launcher.…, or read ${paths.script} (a cluster's MaxArraySize bounds the number of members)`,
      );
    if (!interrupt.signal.aborted && launcher.wait) return "ended";
    console.log(`to cancel: scancel ${job}`);
    return launcher.wait ? "stopped" : "submitted";
  } finally {
    interrupt.dispose();
  }
}

interface ProgramOptions {
  cwd?: string;
  signal?: AbortSignal;
  show?: (line: string) => void;
}

/** Returns the exit code (null if the program cannot be run, or was stopped) and the output. */
function runProgram(
  [command, ...args]: readonly string[],
  { show = () => {}, ...options }: ProgramOptions = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((done) => {
    const child = spawn(command, args, options);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text) => {
        output += text;
        show(String(text).trimEnd());
      });
    child.on("error", () => done({ code: null, output }));
    child.on("close", (code) => done({ code, output }));
  });
}

function sbatchWord(value: string): string {
  return value.replace(/[^\w@%+=:,./-]/gu, (char) => (char > "\u007f" ? char : `\\${char}`));
}

/**
 * A line break would begin a line of the script.
 * @throws {ConfigError}
 */
function checkParameter(key: string, value: string): void {
  const isName = /^[A-Za-z][\w-]*$/.test(key);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (isName && !/[\x00-\x1f\x7f]/.test(value)) return;
  throw new ConfigError(
    `launcher.additional_parameters has ${JSON.stringify(`${key}=${value}`)}: expected the name of an option of sbatch and a value on one line`,
    "value",
  );
}

function optionsOf(
  members: readonly NumberedMember[],
  launcher: SlurmLauncher,
  { name, cores }: { name: string; cores: number },
): [string, string | number | boolean][] {
  const { partition, mem_gb, timeout_min, array_parallelism, gpus_per_node } = launcher;
  const gpus = members.map(({ nproc, device }) => (device.startsWith("cuda") ? nproc : 1));
  const numbers = members.map(({ number }) => number).join();
  const additional = Object.entries(launcher.additional_parameters).map(([key, value]) => {
    checkParameter(key, String(value));
    return [key.replaceAll("_", "-"), value] as const;
  });
  const options = {
    "job-name": name,
    nodes: 1,
    ntasks: 1,
    "cpus-per-task": cores,
    mem: `${Math.max(1, Math.round(mem_gb * 1024))}M`,
    partition: partition ?? false,
    "gpus-per-node": gpus_per_node !== null && Math.max(gpus_per_node, ...gpus),
    time: timeout_min ?? false,
    // Time to reach a step boundary and save before the limit.
    signal: timeout_min !== null && `B:TERM@${Math.min(90, 15 * timeout_min)}`,
    ...Object.fromEntries(additional),
    array: `${numbers}%${array_parallelism}`,
    output: "logs/%a.log",
    "open-mode": "append",
  };
  return Object.entries(options).filter(([, value]) => value !== false);
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
  const cores = launcher.cpus_per_task * Math.max(...members.map(({ nproc }) => nproc));
  const options = optionsOf(members, launcher, { name, cores }).map(([key, value]) =>
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
    `export DSBM_CORES=${cores}`,
    `case "$SLURM_ARRAY_TASK_ID" in`,
    ...cases,
    `  *) echo "dsbm: this script has no member $SLURM_ARRAY_TASK_ID" >&2; exit 1 ;;`,
    "esac",
    `exec ${shellWord(process.execPath)} ${shellWord(program)} "$@"`,
    "",
  ].join("\n");
}
