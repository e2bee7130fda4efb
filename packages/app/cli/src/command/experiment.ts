// The shared parts of every experiment's command: help, one run here (in one or several processes),
// or a sweep.
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  configure,
  type Experiment,
  groupTable,
  helpTable,
  launcherSchema,
  type Member,
  presetGroups,
  presets,
  resolve,
  type TrainConfig,
  type Tree,
  writeYaml,
} from "@dsbm/config";
import type { RunOptions, WorkerOptions } from "@dsbm/experiment";
import type { Row } from "@dsbm/runs";
import { createInterrupt, shellWord, silentProgress, stoppedWithin } from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import type { z } from "zod";
import { followLauncher, launchRanks, tellLauncher } from "../machine/launch.js";
import { sweep } from "../sweep/sweep.js";
import { printHelp, terminalWidth } from "../terminal/columns.js";
import { withLog } from "../terminal/run-log.js";
import { placeOfRun } from "../words/place.js";
import { printRun } from "./results.js";
import { pinned, surprises, withHint, withoutCfg } from "./words.js";
import { beginWork } from "./work.js";

/** Runs an experiment. Loaded only for a certain run: help and errors need no engine. */
export interface Runner<C> {
  /** Returns the rows of a finished run, or null. Throws for a run of another configuration. */
  finished(folder: string, member: Member<C>): { rows: Row[] } | null;
  run(
    member: Member<C>,
    options: RunOptions,
  ): Promise<{ rows: Row[]; state: "finished" | "interrupted" }>;
  /** The part of a rank above 0, after rank 0 has begun; absent for commands of one process. */
  runWorker?(member: Member<C>, options: WorkerOptions): Promise<void>;
}

export interface ExperimentCommand<C> {
  experiment: Experiment<z.ZodType<TrainConfig>>;
  base?: object;
  /** Arguments of the usage line, before the keys. */
  usage: string;
  /** Lines of help before the keys. */
  notes: string;
  /** Further options of this experiment. */
  options?: readonly string[];
  load(): Promise<Runner<C>>;
  /** The configurations to print for --cfg. */
  chosen?(members: readonly Member<TrainConfig>[]): Promise<C[]>;
  /** The arguments that resume a run (default: the run's own). */
  typed?(words: readonly string[]): string[];
  /** Prints a finished run in another way. */
  print?(folder: string): Promise<void>;
}

async function resolved(
  experiment: Experiment<z.ZodType<TrainConfig>>,
  tokens: string[],
  {
    again,
    base = {},
    options: others = [],
  }: { again: boolean } & Partial<Pick<ExperimentCommand<never>, "base" | "options">>,
) {
  const named = tokens.some((word) => /^(method|model_name)=/.test(word));
  const names = named && { method: Object.keys((await import("@dsbm/bridge")).methods) };
  const known = ["--again", "--cfg", "--open", ...others];
  const options = { dirs: [presets], base, options: known, ...(names && { names }) };
  const resolution = resolve(experiment, tokens, options);
  const withPictures = async (member: Member<TrainConfig>): Promise<Member<TrainConfig>> => {
    const { overrides, config } = member;
    const { Dataset, Dataset_transfer } = overrides;
    if (![Dataset, Dataset_transfer].some((name) => `${name}`.startsWith("folder:"))) return member;
    const { pictureOverrides } = await import("@dsbm/problem");
    const folder = again ? null : placeOfRun(config, member);
    const { overrides: sizes, notes } = await pictureOverrides(config, { overrides, folder });
    if (Object.keys(sizes).length === 0) return member;
    const { config: sized } = configure(experiment, overrides, { ...options, base: sizes });
    return { ...member, config: sized, notes: [...member.notes, ...notes] };
  };
  // dsbm fit chooses more keys.
  if (experiment.name === "fit") return resolution;
  return { ...resolution, members: await Promise.all(resolution.members.map(withPictures)) };
}

const switches = [
  "-m, --multirun   a key with several values (seed=1,2,3) makes a run for each combination",
  "--again          start over if the folder holds a run",
  "--cfg            print the configuration as YAML, and stop",
  "--open           show the run on a page of this machine, as dsbm studio does",
].join("\n");

function help(
  { experiment, usage, notes }: Pick<ExperimentCommand<never>, "experiment" | "usage" | "notes">,
  { values, all }: { values: Tree; all: boolean },
): string {
  const { name, about, schema, aliases, sections, first, chosen } = experiment;
  const width = terminalWidth();
  const begin = [
    `usage: dsbm ${name} ${usage}[key=value …] [-m [launcher=…]] [--again]`,
    about,
    notes,
    switches,
  ];
  const table = { values, aliases, sections, width, chosen };
  if (first && !all)
    return [
      ...begin,
      helpTable(schema, { ...table, sections: undefined, only: first }),
      `dsbm ${name} --help=all shows all keys and presets.`,
    ].join("\n\n");
  const groups = groupTable(presetGroups([presets], name), width);
  return [
    ...begin,
    ...(groups === "" ? [] : [groups]),
    helpTable(schema, table),
    "A launcher starts sweeps (-m): see docs/sweeps.md; dsbm sweep status DIR shows them.",
    groupTable(presetGroups([presets], "launcher"), width),
    helpTable(launcherSchema, { width }),
  ].join("\n\n");
}

/** Returns the exit code. Throws ConfigError. */
export async function runExperiment<C extends CompleteTrainConfig>(
  command: ExperimentCommand<C>,
  given: string[],
): Promise<number> {
  const began = performance.now() / 1000;
  const { experiment, load } = command;
  const args = given.filter((arg) => arg !== "--open");
  const again = args.includes("--again");
  const [words, cfg] = withoutCfg(args.filter((arg) => arg !== "--again"));
  const tokens = words.map((word) => pinned(word, args));
  const resolution = await resolved(experiment, tokens, { ...command, again });
  if (resolution.help) {
    printHelp(help(command, resolution));
    return 0;
  }
  const { members, launcher } = resolution;
  const [first, ...rest] = members;
  if (!first) throw new ConfigError("sweep", "the sweep has no members");
  const complete = (member: Member<TrainConfig>) => ({
    ...member,
    config: completeTrain(member.config) as C,
  });
  const notes = rest.length > 0 ? [] : [...first.notes, ...surprises(complete(first))];
  const sayNotes = () => {
    for (const note of notes) console.error(`dsbm: ${note}`);
  };
  if (cfg) {
    sayNotes();
    const configs =
      (await command.chosen?.(members)) ?? members.map((member) => complete(member).config);
    console.log(configs.map((config) => writeYaml(config).trimEnd()).join("\n---\n"));
    return 0;
  }
  if (args.length < given.length) {
    const { showBeside } = await import("../machine/browser.js");
    await showBeside(complete(first).config.paths.experiments_dir_name);
  }
  const runner = await load();
  const placeOf = (member: Member<C>) => placeOfRun(member.config, member);
  const { aloneOnly, isOneOfSeveral, joinRanks } = await import("@dsbm/experiment");
  if (!runner.runWorker) aloneOnly(experiment.name);
  if (rest.length === 0 && launcher.kind === "local") {
    const member = complete(first);
    const { config } = member;
    const typed = command.typed?.(first.words) ?? first.words;
    const resume = `npx dsbm ${experiment.name} ${typed.map(shellWord).join(" ")}`;
    const place = { folder: placeOf(member), resume, again, began, sayNotes };
    const { nproc: n, dist_timeout } = config;
    if (!runner.runWorker) return single(command, runner, member, { ...place, ranks: null });
    if (isOneOfSeveral()) {
      const ranks = await joinRanks(config, experiment.name);
      return runRanks(command, runner, member, { ...place, ranks });
    }
    if (n > 1)
      return launchRanks([experiment.name, ...args], { n, timeoutMs: 1000 * dist_timeout });
    return single(command, runner, member, { ...place, ranks: null }).catch((error: unknown) => {
      throw withHint(error, first.words);
    });
  }
  sayNotes();
  aloneOnly(`${experiment.name} -m`);
  return sweep(
    members.map(complete).map((member) => {
      const folder = placeOf(member);
      const { seed, device, nproc } = member.config;
      return {
        overrides: member.overrides,
        args: [
          experiment.name,
          ...(command.typed?.(member.words) ?? member.words),
          ...(again ? ["--again"] : []),
        ],
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
  again: boolean;
  ranks: Ranks | null;
  began: number;
  sayNotes(): void;
}

async function runRanks<C extends CompleteTrainConfig>(
  command: ExperimentCommand<C>,
  runner: Runner<C>,
  member: Member<C>,
  place: Place & { ranks: Ranks },
): Promise<number> {
  const { onOwnDevice } = await import("@dsbm/experiment");
  const { ranks, folder } = place;
  const onOwn = (one: Member<C>) => ({ ...one, config: onOwnDevice(one.config) });
  followLauncher();
  try {
    const code = ranks.isMain
      ? await single(command, runner, member, place)
      : await asWorker(runner, onOwn(member), { folder, ranks });
    ranks.leave({ failure: code === 1 ? ranks.mainFailure : null });
    return code;
  } catch (error) {
    ranks.leave({ failure: String(error) });
    throw error;
  }
}

async function asWorker<C>(
  runner: Runner<C>,
  member: Member<C>,
  { folder, ranks }: { folder: string; ranks: Ranks },
): Promise<number> {
  const interrupt = createInterrupt({ notify: () => {} });
  try {
    const { signal } = interrupt;
    const message = await ranks.listen<Record<string, unknown>>();
    if (message)
      await runner.runWorker?.(member, {
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

async function single<C extends CompleteTrainConfig>(
  command: ExperimentCommand<C>,
  runner: Runner<C>,
  member: Member<C>,
  { folder, resume, again, ranks, began, sayNotes }: Place,
): Promise<number> {
  sayNotes();
  const print = async (rows: readonly Row[]) =>
    command.print ? command.print(folder) : printRun(folder, rows);
  const done = again ? null : runner.finished(folder, member);
  if (done) {
    const say = command.print ? console.error : console.log;
    say(
      `${folder} is finished already (--again starts over, npx dsbm extend ${shellWord(folder)} +2 makes it longer)`,
    );
    await print(done.rows);
    return 0;
  }
  using work = await beginWork(stoppedWithin(resume), ranks ? createInterrupt() : undefined);
  const { signal, interrupt } = work;
  const progress = withLog(work.progress, folder);
  if (ranks) progress.line(`${ranks.size} processes share each batch`);
  const result = await runner.run(member, {
    folder,
    progress,
    resume,
    signal,
    again,
    ranks,
    began,
    interrupt: ranks ? { noticed: tellLauncher } : interrupt,
  });
  if (result.state === "interrupted") return 130;
  progress.done();
  await print(result.rows);
  return 0;
}
