import { ConfigError } from "@dsbm/config";
import { findSweeps } from "@dsbm/runs";
import { sweepStatus } from "../sweep/status.js";
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

const tasks: Record<string, (folder: string) => Promise<string>> = {
  status: async (folder) => sweepStatus(folder).text,
  async table(folder) {
    const { gather } = await import("../sweep/gather.js");
    return `${folder}\n\n${(await gather(folder)) ?? "no run of this sweep is finished yet"}`;
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
  if (task === undefined || place === undefined || more.length > 0)
    throw new ConfigError(
      `got dsbm sweep ${args.join(" ")}; expected dsbm sweep status DIR or dsbm sweep table DIR`,
    );
  const texts: string[] = [];
  for (const folder of findSweeps(place)) texts.push(await task(folder));
  console.log(texts.join("\n\n"));
  return 0;
}
