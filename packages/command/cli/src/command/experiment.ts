import { appendFileSync, constants, existsSync } from "node:fs";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  type Experiment,
  gaussian,
  groupTable,
  helpTable,
  launcherSchema,
  type Member,
  presetGroups,
  printCommand,
  resolve,
  type TrainConfig,
  type Tree,
  train,
  writeYaml,
} from "@dsbm/config";
import type { RunOptions, WorkerOptions } from "@dsbm/experiment";
import { errnoOf, shellWord } from "@dsbm/files";
import {
  createInterrupt,
  type Progress,
  type Row,
  type RunRequest,
  runPaths,
  silentProgress,
  stoppedWithin,
} from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import type { z } from "zod";
import { followLauncher, launchRanks } from "../machine/launch.js";
import { sweep } from "../sweep/sweep.js";
import { printHelp } from "../terminal/columns.js";
import { placeOfRun } from "../words/places.js";
import { aloneOnly, beginWork, printRun, withoutCfg } from "./work.js";

type Run = Member<CompleteTrainConfig>;

/** Loaded only for a certain run: help and errors need no engine. */
async function runnerOf(command: string) {
  if (command === "fit") {
    const { finishedFit, runFit, runFitWorker } = await import("@dsbm/fit");
    return { finished: finishedFit, run: runFit, runWorker: runFitWorker };
  }
  const { finishedRun, runTraining, runTrainingWorker } = await import("@dsbm/experiment");
  return {
    finished: (folder: string, { config }: Run) => finishedRun(folder, config),
    run: ({ config }: Run, options: RunOptions) => runTraining(config, options),
    runWorker: ({ config }: Run, options: WorkerOptions) => runTrainingWorker(config, options),
  };
}

type Runner = Awaited<ReturnType<typeof runnerOf>>;

interface ExperimentCommand {
  experiment: Experiment<z.ZodType<TrainConfig>>;
  base?: object;
  /** Arguments of the usage line, before the keys. */
  usage: string;
  /** Lines of help before the keys. */
  notes?: string;
  /** Further options of this experiment. */
  options?: readonly string[];
  /** Replaces the run. */
  plan?: ((member: Member<TrainConfig>) => Promise<void>) | undefined;
  /** Files and folders before the overrides. */
  places?: readonly string[];
  /** Prints a finished run in another way. */
  print?(folder: string): Promise<void>;
}

const switches = [
  "-m, --multirun   a key with several values (seed=1,2,3) makes a run for each combination",
  "--again          start over if the folder holds a run",
  "--cfg            print the configuration as YAML, and stop",
].join("\n");

const resuming =
  "If a run was stopped or killed, the same command resumes from its newest whole checkpoint.";

function help(
  { experiment, usage, notes = "" }: ExperimentCommand,
  { values, all }: { values: Tree; all: boolean },
): string {
  const { name, about, schema, aliases, sections, first, chosen } = experiment;
  const begin = [
    `usage: dsbm ${name} ${usage}[key=value …] [-m [launcher=…]] [--again]`,
    about,
    notes + resuming,
    switches,
  ];
  const table = { values, aliases, sections, chosen };
  if (first && !all)
    return [
      ...begin,
      helpTable(schema, { ...table, sections: undefined, only: first }),
      `dsbm ${name} --help=all shows all keys and presets.`,
    ].join("\n\n");
  const groups = groupTable(presetGroups(name));
  return [
    ...begin,
    ...(groups === "" ? [] : [groups]),
    helpTable(schema, table),
    "A launcher starts sweeps (-m): see docs/sweeps.md; dsbm sweep status DIR shows them.",
    groupTable(presetGroups("launcher")),
    helpTable(launcherSchema),
  ].join("\n\n");
}

/** `began` is in seconds of performance.now(). Returns the exit code. Throws ConfigError. */
export async function runExperiment(
  command: ExperimentCommand,
  args: string[],
  began: number,
): Promise<number> {
  const { experiment, base = {}, options = [], places = [] } = command;
  const again = args.includes("--again");
  const [tokens, cfg] = withoutCfg(args.filter((arg) => arg !== "--again"));
  const resolution = resolve(experiment, tokens, {
    base,
    options: ["--again", "--cfg", ...options],
  });
  if (resolution.help) {
    printHelp(help(command, resolution));
    return 0;
  }
  const { members, launcher } = resolution;
  const [first, ...rest] = members;
  if (!first) throw new ConfigError("the sweep has no members", "sweep");
  const complete = (member: Member<TrainConfig>) => ({
    ...member,
    config: completeTrain(member.config),
  });
  if (command.plan) {
    await command.plan(first);
    return 0;
  }
  if (cfg) {
    const configs = members.map((member) => writeYaml(complete(member).config).trimEnd());
    console.log(configs.join("\n---\n"));
    return 0;
  }
  const runner = await runnerOf(experiment.name);
  const placeOf = (member: Run) => placeOfRun(member.config, member);
  const { isOneOfSeveral, joinRanks } = await import("@dsbm/experiment");
  if (rest.length === 0 && launcher.kind === "local") {
    const member = complete(first);
    const { config } = member;
    const { overrides } = first;
    const request = { command: experiment.name, arguments: [...places], overrides };
    const resume = printCommand(request);
    const place = { folder: placeOf(member), resume, request, again, began };
    const { nproc: n, dist_timeout } = config;
    if (isOneOfSeveral()) {
      const ranks = await joinRanks(config, experiment.name);
      return runRanks(command, runner, member, { ...place, ranks });
    }
    if (n > 1)
      return launchRanks([experiment.name, ...args], { n, timeoutMs: 1000 * dist_timeout });
    return single(command, runner, member, { ...place, ranks: null });
  }
  await aloneOnly(`${experiment.name} -m`);
  return sweep(
    members.map(complete).map((member) => {
      const folder = placeOf(member);
      const { seed, device, nproc } = member.config;
      return {
        overrides: member.overrides,
        args: [experiment.name, ...places, ...member.words, ...(again ? ["--again"] : [])],
        folder,
        seed,
        device,
        nproc,
        finished: () => runner.finished(folder, member) !== null,
      };
    }),
    {
      experiment: experiment.name,
      words: [experiment.name, ...args],
      experiments_dir: first.config.paths.experiments_dir_name,
      launcher,
      again,
    },
  );
}

interface Place {
  folder: string;
  resume: string;
  request: RunRequest;
  again: boolean;
  ranks: Ranks | null;
  began: number;
}

async function runRanks(
  command: ExperimentCommand,
  runner: Runner,
  member: Run,
  place: Place & { ranks: Ranks },
): Promise<number> {
  const { onOwnDevice } = await import("@dsbm/experiment");
  const { ranks } = place;
  followLauncher();
  try {
    const code = ranks.isMain
      ? await single(command, runner, member, place)
      : await asWorker(runner, { ...member, config: onOwnDevice(member.config) }, place);
    ranks.leave({ failure: code === 1 ? ranks.mainFailure : null });
    return code;
  } catch (error) {
    ranks.leave({ failure: String(error) });
    throw error;
  }
}

async function asWorker(
  runner: Runner,
  member: Run,
  { folder, ranks }: Place & { ranks: Ranks },
): Promise<number> {
  const interrupt = createInterrupt({ notify: () => {} });
  try {
    const { signal } = interrupt;
    const message = await ranks.listen<Record<string, unknown>>();
    if (message)
      await runner.runWorker(member, {
        folder,
        ranks,
        signal,
        progress: silentProgress,
        begin: message.facts,
      });
    // Rank 0 reports when it leaves, however long that takes.
    await ranks.listen();
    if (ranks.mainFailure !== null) return 1;
    return message && signal.aborted ? 130 : 0;
  } finally {
    interrupt.dispose();
  }
}

async function single(
  command: ExperimentCommand,
  runner: Runner,
  member: Run,
  place: Place,
): Promise<number> {
  const { folder, resume, again, ranks } = place;
  for (const note of member.notes) console.error(`dsbm: ${note}`);
  const print = async (rows: readonly Row[]) =>
    command.print ? command.print(folder) : printRun(folder, rows);
  const done = again ? null : runner.finished(folder, member);
  if (done) {
    const say = command.print ? console.error : console.log;
    say(
      `${folder} is finished already (--again starts over, npx dsbm extend ${shellWord(folder)} +2 makes it longer)`,
    );
    await print(done);
    return 0;
  }
  using work = await beginWork(stoppedWithin(resume));
  const { signal } = work;
  const progress = withLog(work.progress, folder);
  if (ranks) progress.line(`${ranks.size} processes share each batch`);
  const result = await runner.run(member, { ...place, progress, signal });
  if (result.state === "interrupted") return 130;
  progress.done();
  await print(result.rows);
  return 0;
}

/** Return the exit code. Throw ConfigError. */
export const trainCommand = (args: string[], began: number): Promise<number> =>
  runExperiment({ experiment: train, usage: "[dataset=…] [method=…] [model=…] " }, args, began);
export const gaussianCommand = (args: string[], began: number): Promise<number> =>
  runExperiment({ experiment: gaussian, usage: "" }, args, began);

const { O_WRONLY, O_CREAT, O_APPEND, O_NOFOLLOW = 0 } = constants;

/** A progress that also keeps its lines in the run folder, once the folder exists. */
export function withLog(progress: Progress, folder: string): Progress {
  const { run_json, log } = runPaths(folder);
  const waiting: string[] = [];
  return {
    ...progress,
    line(text) {
      progress.line(text);
      waiting.push(`${new Date().toISOString()} ${text}\n`);
      if (!existsSync(run_json)) return;
      try {
        appendFileSync(log, waiting.splice(0).join(""), {
          flag: (O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW) as never,
        });
      } catch (error) {
        // A failing log must not end the run.
        if (errnoOf(error) === undefined) throw error;
      }
    },
  };
}
