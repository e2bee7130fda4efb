// What every experiment's command does with its words: help, one run here, or a sweep of runs side by side.
import { ConfigError, type Experiment, type Member, resolve } from "@dsbm/config";
import { runFolder } from "@dsbm/runs";
import type { z } from "zod";
import { createInterrupt } from "./interrupt.js";
import { createProgress, type Progress } from "./progress.js";
import { sweep } from "./sweep.js";

/** What a run is given beside its configuration. */
export interface RunOptions {
  folder: string;
  progress: Progress;
  /** The command line that goes on with this run. */
  resume: string;
  signal?: AbortSignal | undefined;
  /** Start from nothing even where an earlier run is. */
  again?: boolean;
}

/** One kind of experiment, loaded when a run is certain: help and mistakes need not wait for the engine. */
interface Runner<C, R> {
  /** The folder of what comes out (default: the one that the words name). Throws where there can be none. */
  place?(named: string, member: Member<C>): string;
  /** What a finished run left; null for another. Throws where it is of another configuration. */
  finished(folder: string, config: C): R | null;
  run(config: C, options: RunOptions): Promise<R & { state: "finished" | "interrupted" }>;
  /** Prints what came out. */
  tell(folder: string, result: R): void;
}

interface ExperimentCommand<S extends z.ZodType, R> {
  experiment: Experiment<S>;
  /** Where the presets are. */
  presets: string;
  help(): string;
  /** The folder of its runs below experiments_dir. */
  name(config: z.output<S>): string;
  load(): Promise<Runner<z.output<S>, R>>;
}

type Common = { experiments_dir: string; seed: number };

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export async function runExperiment<S extends z.ZodType, R>(
  { experiment, presets, help, name, load }: ExperimentCommand<S, R>,
  args: string[],
): Promise<number> {
  const again = args.includes("--again");
  const tokens = args.filter((arg) => arg !== "--again");
  const resolved = resolve(experiment, tokens, { dirs: [presets] });
  if (resolved.help) {
    console.log(help());
    return 0;
  }
  const [first, ...rest] = resolved.members;
  if (!first) throw new ConfigError("sweep", "the sweep has no members");
  const runner = await load();
  const folderOf = ({ config, dirname }: Member<z.output<S>>) => {
    const { experiments_dir, seed } = config as Common;
    return runFolder({ experiments_dir, name: name(config), overrides: dirname, seed });
  };
  const placeOf = (member: Member<z.output<S>>) =>
    runner.place?.(folderOf(member), member) ?? folderOf(member);
  if (rest.length === 0) {
    const resume = `npx dsbm ${experiment.name} ${first.words.join(" ")}`;
    return single(runner, first.config, { folder: placeOf(first), resume, again });
  }
  return sweep(
    resolved.members.map((member) => ({
      label: `${member.dirname} seed=${(member.config as Common).seed}`,
      args: [experiment.name, ...member.words, ...(again ? ["--again"] : [])],
      finished: () => !again && runner.finished(placeOf(member), member.config) !== null,
    })),
  );
}

async function single<C, R>(
  runner: Runner<C, R>,
  config: C,
  { folder, resume, again }: { folder: string; resume: string; again: boolean },
): Promise<number> {
  const done = again ? null : runner.finished(folder, config);
  if (done) {
    console.log(`${folder} is finished already (--again starts over)`);
    runner.tell(folder, done);
    return 0;
  }
  const interrupt = createInterrupt();
  const progress = createProgress();
  try {
    const { signal } = interrupt;
    const result = await runner.run(config, { folder, progress, resume, signal, again });
    if (result.state === "interrupted") return 130;
    progress.done();
    runner.tell(folder, result);
    return 0;
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** Where to look, as the last lines of a run. */
export function placesOf(folder: string, pictures: string): string {
  return `results:  ${folder}/results.csv\npictures: ${folder}/${pictures}\nreport:   ${folder}/index.html`;
}
