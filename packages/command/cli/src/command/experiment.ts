import {
  ConfigError,
  completeTrain,
  gaussian,
  type Launcher,
  printCommand,
  resolveArguments,
  train,
  writeYaml,
} from "@dsbm/config";
import {
  type ExperimentCommand,
  type ExperimentRequest,
  experimentHelp,
  readRequest,
} from "../experiment/experiment-command.js";
import { runAsRank, runInProcess } from "../experiment/one-run.js";
import { type Run, runnerOf } from "../experiment/runner.js";
import { launchRanks } from "../machine/launch.js";
import { sweep } from "../sweep/sweep.js";
import { printHelp } from "../terminal/columns.js";
import { aloneOnly } from "../terminal/work.js";
import { placeOfRun } from "../words/places.js";

/**
 * Runs the members of a command line. `began` is in seconds of performance.now(). Returns the exit code.
 * @throws {ConfigError}
 */
export async function runExperiment(
  command: ExperimentCommand,
  request: ExperimentRequest,
  began: number,
): Promise<number> {
  const { experiment, base = {} } = command;
  const { parsed, cfg } = request;
  const resolution = resolveArguments(experiment, parsed, { base });
  if (resolution.help) {
    printHelp(experimentHelp(command, resolution));
    return 0;
  }
  const { members, launcher } = resolution;
  const [first, ...others] = members;
  if (!first) throw new ConfigError("the sweep has no members", "sweep");
  if (command.plan) {
    await command.plan([first, ...others]);
    return 0;
  }
  const runs = members.map((member) => ({ ...member, config: completeTrain(member.config) }));
  if (cfg) {
    console.log(runs.map(({ config }) => writeYaml(config).trimEnd()).join("\n---\n"));
    return 0;
  }
  return others.length === 0 && launcher.kind === "local"
    ? runOne(command, runs[0], { ...request, began })
    : runSweep(command, runs, { ...request, launcher });
}

async function runOne(
  command: ExperimentCommand,
  run: Run,
  { args, again, began }: ExperimentRequest & { began: number },
): Promise<number> {
  const { experiment, places = [] } = command;
  const { name } = experiment;
  const runner = await runnerOf(name);
  const { isOneOfSeveral, joinRanks } = await import("@dsbm/experiment");
  const { config, overrides } = run;
  const request = { command: name, arguments: [...places], overrides };
  const resume = printCommand(request);
  const place = { folder: placeOfRun(config, run), resume, request, again, began };
  const { nproc: n, dist_timeout } = config;
  if (isOneOfSeveral()) {
    const ranks = await joinRanks(config, name);
    return runAsRank(command, runner, run, { ...place, ranks });
  }
  if (n > 1) return launchRanks([name, ...args], { n, timeoutMs: 1000 * dist_timeout });
  return runInProcess(command, runner, run, { ...place, ranks: null });
}

async function runSweep(
  command: ExperimentCommand,
  runs: readonly Run[],
  { args, again, launcher }: ExperimentRequest & { launcher: Launcher },
): Promise<number> {
  const { experiment, places = [] } = command;
  const { name } = experiment;
  const runner = await runnerOf(name);
  await aloneOnly(`${name} -m`);
  const members = runs.map((run) => {
    const { overrides, config } = run;
    const folder = placeOfRun(config, run);
    const { seed, device, nproc } = config;
    const words = [name, ...places, ...run.words, ...(again ? ["--again"] : [])];
    const finished = () => runner.finished(folder, run) !== null;
    return { overrides, args: words, folder, seed, device, nproc, finished };
  });
  return sweep(members, {
    experiment: name,
    words: [name, ...args],
    experiments_dir: runs[0].config.paths.experiments_dir_name,
    launcher,
    again,
  });
}

/**
 * Trains on named datasets. Returns the exit code.
 * @throws {ConfigError}
 */
export const trainCommand = (args: string[], began: number): Promise<number> =>
  runExperiment(
    { experiment: train, usage: "[dataset=…] [method=…] [model=…] " },
    readRequest(args),
    began,
  );

/**
 * Trains between two Gaussians. Returns the exit code.
 * @throws {ConfigError}
 */
export const gaussianCommand = (args: string[], began: number): Promise<number> =>
  runExperiment({ experiment: gaussian, usage: "" }, readRequest(args), began);
