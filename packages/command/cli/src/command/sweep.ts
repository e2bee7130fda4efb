import { ConfigError } from "@dsbm/config";
import { findSweeps } from "@dsbm/runs";
import { gather, sweepStatus } from "../sweep/status.js";
import { printHelp } from "../terminal/columns.js";

const help = [
  "usage: dsbm sweep status DIR",
  "       dsbm sweep table DIR",
  "",
  "status   members of a sweep that are waiting, running, finished, failed (and why) or interrupted",
  "table    mean and standard deviation over seeds of finished members, as text and summary.csv",
  "",
  "DIR is the folder of a sweep (experiments/sweeps/…), or the experiments folder above for all its sweeps.",
].join("\n");

const tasks: Record<string, (folder: string) => string> = {
  status: (folder) => sweepStatus(folder).text,
  table: (folder) => `${folder}\n\n${gather(folder) ?? "no run of this sweep is finished yet"}`,
};

/**
 * Returns the exit code.
 * @throws {ConfigError | RunError}
 */
export async function sweepCommand(args: string[]): Promise<number> {
  const [name, place, ...more] = args;
  if (name === undefined || args.includes("--help") || args.includes("-h")) {
    printHelp(help);
    return name === undefined ? 2 : 0;
  }
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task === undefined || place === undefined || more.length > 0)
    throw new ConfigError(
      `got dsbm sweep ${args.join(" ")}; expected dsbm sweep status DIR or dsbm sweep table DIR`,
    );
  console.log(findSweeps(place).map(task).join("\n\n"));
  return 0;
}
