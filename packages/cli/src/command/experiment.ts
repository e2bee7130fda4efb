// What every experiment's command does with its words: help, one run here (in one process or in several), or a sweep of
// runs side by side.

import {
  ConfigError,
  type Experiment,
  type Member,
  type ProcessesConfig,
  resolve,
} from "@dsbm/config";
import { runFolder } from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import type { z } from "zod";
import { followLauncher, launchRanks } from "../machine/launch.js";
import type { AccompanyOptions, RunOptions } from "../run/options.js";
import { sweep } from "../sweep/start.js";
import { createInterrupt } from "../terminal/interrupt.js";
import { createProgress, silentProgress } from "../terminal/progress.js";

/** One kind of experiment, loaded when a run is certain: help and mistakes need not wait for the engine. */
interface Runner<C, R> {
  /** The folder of what comes out (default: the one that the words name). Throws where there can be none. */
  place?(named: string, member: Member<C>): string;
  /** What a finished run left; null for another. Throws where it is of another configuration. */
  finished(folder: string, config: C): R | null;
  run(config: C, options: RunOptions): Promise<R & { state: "finished" | "interrupted" }>;
  /**
   * As a rank that is not 0, after rank 0 has begun: its part of a run. Gives the reason where rank 0 failed. Left out
   * where there is only one process.
   */
  accompany?(config: C, options: AccompanyOptions): Promise<string | null>;
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

type Common = ProcessesConfig & {
  experiments_dir?: string;
  paths?: { experiments_dir_name: string };
  seed: number;
  device: string;
};

/** The folder of all runs. */
const experimentsOf = (config: Common): string =>
  config.paths?.experiments_dir_name ?? config.experiments_dir ?? "experiments";

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
    const { seed } = config as Common;
    const experiments_dir = experimentsOf(config as Common);
    return runFolder({ experiments_dir, name: name(config), overrides: dirname, seed });
  };
  const placeOf = (member: Member<z.output<S>>) =>
    runner.place?.(folderOf(member), member) ?? folderOf(member);
  const { aloneOnly, isOneOfSeveral, joinRanks } = await import("../machine/ranks.js");
  if (!runner.accompany) aloneOnly(experiment.name);
  if (rest.length === 0 && resolved.launcher.kind === "local") {
    const { config } = first;
    for (const note of first.notes) console.log(note);
    const resume = `npx dsbm ${experiment.name} ${first.words.join(" ")}`;
    const place = { folder: placeOf(first), resume, again };
    const { nproc: n, dist_timeout } = config as Common;
    if (!runner.accompany) return single(runner, config, { ...place, ranks: null });
    if (isOneOfSeveral()) {
      const ranks = await joinRanks(config as Common, experiment.name);
      return ranked(runner, config, { ...place, ranks });
    }
    if (n > 1)
      return launchRanks([experiment.name, ...args], { n, timeoutMs: 1000 * dist_timeout });
    return single(runner, config, { ...place, ranks: null });
  }
  aloneOnly(`${experiment.name} -m`);
  const placed = (member: Member<z.output<S>>) => {
    try {
      return { folder: placeOf(member), problem: null };
    } catch (problem) {
      // It fails alone, when its turn comes.
      return { folder: folderOf(member), problem };
    }
  };
  return sweep(
    resolved.members.map((member) => {
      const { folder, problem } = placed(member);
      const { seed, device, nproc } = member.config as Common;
      return {
        label: `${member.dirname} seed=${seed}`,
        words: member.words,
        args: [experiment.name, ...member.words, ...(again ? ["--again"] : [])],
        folder,
        seed,
        device,
        nproc,
        finished() {
          if (problem !== null) throw problem;
          return runner.finished(folder, member.config) !== null;
        },
      };
    }),
    {
      experiment: experiment.name,
      words: [experiment.name, ...args],
      experiments_dir: experimentsOf(first.config as Common),
      launcher: resolved.launcher,
      again,
    },
  );
}

interface Place {
  folder: string;
  resume: string;
  again: boolean;
  ranks: Ranks | null;
}

/** One run in several processes, of which this is one. */
async function ranked<C, R>(
  runner: Runner<C, R>,
  asked: C,
  place: Place & { ranks: Ranks },
): Promise<number> {
  const { onOwnDevice } = await import("../machine/ranks.js");
  const { ranks, folder } = place;
  const config = onOwnDevice(asked as C & Common);
  followLauncher();
  let failed = true;
  try {
    const code = ranks.isMain
      ? await single(runner, asked, place)
      : await accompanied(runner, config, { folder, ranks });
    if (ranks.isMain) ranks.dismiss();
    failed = code === 1;
    return code;
  } catch (error) {
    if (ranks.isMain) ranks.dismiss(String(error));
    throw error;
  } finally {
    ranks.leave({ failed });
  }
}

async function accompanied<C, R>(
  runner: Runner<C, R>,
  config: C,
  { folder, ranks }: { folder: string; ranks: Ranks },
): Promise<number> {
  const interrupt = createInterrupt(() => {});
  try {
    const first = await ranks.next();
    if (first.kind === "over") return first.failed === undefined ? 0 : 1;
    const { signal } = interrupt;
    const options = { folder, ranks, signal, progress: silentProgress };
    const reason = await runner.accompany?.(config, options);
    if (reason) return 1;
    return signal.aborted ? 130 : 0;
  } finally {
    interrupt.dispose();
  }
}

async function single<C, R>(
  runner: Runner<C, R>,
  config: C,
  { folder, resume, again, ranks }: Place,
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
    if (ranks) progress.line(`${ranks.size} processes share each batch`);
    const result = await runner.run(config, { folder, progress, resume, signal, again, ranks });
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
