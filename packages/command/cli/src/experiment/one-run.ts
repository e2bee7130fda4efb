// One run of a command line: in this process, or as a rank.
import { shellWord } from "@dsbm/files";
import {
  createInterrupt,
  extendRefusal,
  type Row,
  type RunRequest,
  silentProgress,
  stoppedWithin,
} from "@dsbm/runs";
import type { Ranks } from "@dsbm/train";
import { followLauncher } from "../machine/launch.js";
import { beginWork, printRun } from "../terminal/work.js";
import type { ExperimentCommand } from "./experiment-command.js";
import { withLog } from "./run-log.js";
import type { Run, Runner } from "./runner.js";

/** The place and the start of a run. */
export interface RunPlace {
  /** The run folder. */
  folder: string;
  /** The command that resumes the run. */
  resume: string;
  /** The command with its arguments and overrides. */
  request: RunRequest;
  /** Whether to start over. */
  again: boolean;
  /** The processes that train together; null: this process alone. */
  ranks: Ranks | null;
  /** Start of the process in seconds of performance.now(). */
  began: number;
}

/** Runs one member as a rank among several processes. Returns the exit code. */
export async function runAsRank(
  command: ExperimentCommand,
  runner: Runner,
  member: Run,
  place: RunPlace & { ranks: Ranks },
): Promise<number> {
  const { onOwnDevice } = await import("@dsbm/experiment");
  const { ranks } = place;
  followLauncher();
  try {
    const code = ranks.isMain
      ? await runInProcess(command, runner, member, place)
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
  { folder, ranks }: RunPlace & { ranks: Ranks },
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

/** Runs one member in this process, and prints its result. Returns the exit code. */
export async function runInProcess(
  command: ExperimentCommand,
  runner: Runner,
  member: Run,
  place: RunPlace,
): Promise<number> {
  const { folder, resume, again, ranks } = place;
  for (const note of member.notes) console.error(`dsbm: ${note}`);
  const print = async (rows: readonly Row[]) =>
    command.print ? command.print(folder) : printRun(folder, rows);
  const done = again ? null : runner.finished(folder, member);
  if (done) {
    const say = command.print ? console.error : console.log;
    const longer = `, npx dsbm extend ${shellWord(folder)} +2 makes it longer`;
    say(
      `${folder} is finished already (--again starts over${extendRefusal(member.config) === null ? longer : ""})`,
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
