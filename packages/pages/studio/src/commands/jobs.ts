// One job at a time, and short commands in between.
import { isStopCode, RunError } from "@dsbm/runs";
import type { JobView } from "../shared/api.js";
import { answerOf, ChildCommand } from "./child.js";

const longestLog = 16 << 10;
/** Milliseconds that a job has for its last step and its checkpoint when the studio ends. */
const patience = 60_000;

interface RunningJob {
  child: ChildCommand;
  facts: Pick<JobView, "id" | "command" | "text" | "runs">;
  state: JobView["state"];
}

/** The arguments of a job, and what pages show of it. */
export interface JobRequest {
  words: readonly string[];
  /** The command as a user types it. */
  text: string;
  /** The runs that it works on. */
  runs: readonly string[];
  /** The folder in which it works (default: the working folder). */
  cwd?: string;
}

/** The child processes of a studio. */
export class Jobs {
  readonly #program: readonly string[];
  readonly #ending = new AbortController();
  #job: RunningJob | null = null;
  #count = 0;
  #answered: Promise<unknown> = Promise.resolve();

  constructor(program: readonly string[]) {
    this.#program = program;
  }

  /** The newest job; null before the first. */
  get view(): JobView | null {
    if (!this.#job) return null;
    const { child, facts, state } = this.#job;
    const { log, output } = child.said;
    return { ...facts, state, log, output, lastLine: child.lastLine };
  }

  /** Whether a job works on this run. */
  worksOn(run: string): boolean {
    return this.#isBusy && this.#job?.facts.runs.includes(run) === true;
  }

  get #isBusy(): boolean {
    return this.#job?.state === "running" || this.#job?.state === "stopping";
  }

  /**
   * Starts a job.
   * @throws {RunError} while another one works.
   */
  start({ words, text, runs, cwd }: JobRequest): JobView | null {
    this.#refuseIfBusy();
    const child = new ChildCommand(this.#program, words, longestLog, cwd);
    const facts = { id: ++this.#count, command: words[0] ?? "", text, runs };
    const job: RunningJob = { child, facts, state: "running" };
    this.#job = job;
    void child.ended.then((code) => {
      job.state = code === 0 ? "finished" : isStopCode(code) ? "stopped" : "failed";
    });
    return this.view;
  }

  /**
   * The output of a short command, one after the other.
   * @throws {RunError} while a job works, and if the command fails.
   */
  answer(words: readonly string[], signal: AbortSignal): Promise<string> {
    this.#refuseIfBusy();
    const answer = this.#answered.then(() => {
      signal.throwIfAborted();
      const all = AbortSignal.any([signal, this.#ending.signal]);
      return answerOf(this.#program, words, { signal: all });
    });
    this.#answered = answer.catch(() => {});
    return answer;
  }

  /** Stops the job as Ctrl-C does: its bridge stays. A second call stops it at once. */
  stop(): void {
    if (!this.#isBusy || !this.#job) return;
    this.#job.state = "stopping";
    this.#job.child.interrupt();
  }

  /** Stops everything, and waits for it. */
  async close(): Promise<void> {
    this.#ending.abort();
    const job = this.#job;
    if (!this.#isBusy || !job) return;
    if (job.state === "running") this.stop();
    const timer = setTimeout(() => job.child.kill(), patience);
    await job.child.ended;
    clearTimeout(timer);
  }

  #refuseIfBusy(): void {
    if (!this.#isBusy) return;
    throw new RunError(
      "bad_argument",
      `one thing at a time: dsbm ${this.#job?.facts.command} is at work. Stop it, or wait for its end`,
    );
  }
}
