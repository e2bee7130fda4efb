// `dsbm sweep status|table DIR`: the state and results of a sweep.
import { ConfigError } from "@dsbm/config";
import { nearest } from "@dsbm/files";
import { findSweeps } from "@dsbm/runs";
import { statusText, sweepStatus } from "../sweep/status.js";
import { printHelp } from "../terminal/columns.js";

const help = [
  "usage: dsbm sweep status DIR",
  "       dsbm sweep table DIR",
  "",
  "status   members of a sweep that are waiting, running, done, failed (and why) or interrupted",
  "table    mean and standard deviation over seeds of finished members, as text, summary.csv, .svg and .png",
  "",
  "DIR is the folder of a sweep (experiments/sweeps/…), or the experiments folder above for all its sweeps.",
].join("\n");

const tasks: Record<string, (folder: string) => Promise<string>> = {
  status: async (folder) => statusText(await sweepStatus(folder)),
  async table(folder) {
    const { gather, summaryPlaces } = await import("../sweep/gather.js");
    const table = await gather(folder);
    if (table === null) return `${folder}: no run of this sweep is finished yet`;
    return `${folder}\n\n${table}\n\n${summaryPlaces(folder)}`;
  },
};

/** Returns the exit code. Throws ConfigError and RunError. */
export async function sweepCommand(args: string[]): Promise<number> {
  const [name, place, ...more] = args;
  if (name === undefined || args.includes("--help") || args.includes("-h")) {
    printHelp(help);
    return name === undefined ? 2 : 0;
  }
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task === undefined) {
    const near = nearest(name, Object.keys(tasks));
    throw new ConfigError(
      "usage",
      `unknown argument "${name}" after dsbm sweep: ${near ? `did you mean "${near}"?` : "write status DIR or table DIR"}`,
    );
  }
  if (place === undefined || more.length > 0)
    throw new ConfigError(
      "usage",
      `dsbm sweep ${name} takes one folder, got ${args.length - 1}: write dsbm sweep ${name} experiments`,
    );
  const texts: string[] = [];
  for (const folder of findSweeps(place)) texts.push(await task(folder));
  console.log(texts.join("\n\n"));
  return 0;
}
