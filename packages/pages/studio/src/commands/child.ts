// A command of dsbm as a child process, which stops when this process is gone.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { parentVariable, RunError } from "@dsbm/runs";

/** The lines of a text without a stack trace. */
const messageLines = (text: string): string[] =>
  text.split("\n").filter((line) => line.trim() !== "" && !/^\s+at |^Node\.js v/.test(line));

/** A running command, and the ends of its streams. */
export class ChildCommand {
  /** The exit code; after a signal that it did not handle 128 + its number, as in shells. */
  readonly ended: Promise<number>;
  /** What it printed on stdout and on stderr, the last `limit` characters of each. */
  readonly said = { output: "", log: "" };
  readonly #process: ChildProcess;

  /** Starts `program` with these arguments in a folder (default: the working folder). */
  constructor(program: readonly string[], words: readonly string[], limit: number, cwd?: string) {
    const [file = "", ...before] = program;
    const child = spawn(file, [...before, ...words], {
      cwd,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, [parentVariable]: "channel" },
      // Ctrl-C in the terminal of the studio reaches the child once: from the studio.
      detached: true,
      windowsHide: true,
    });
    this.#process = child;
    for (const [name, stream] of [
      ["output", child.stdout],
      ["log", child.stderr],
    ] as const)
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.said[name] = (this.said[name] + text).slice(-limit);
      });
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => {
        this.said.log += error.message;
        resolve(1);
      });
      child.on("close", (code, signal) =>
        resolve(code ?? (signal ? 128 + constants.signals[signal] : 1)),
      );
    });
  }

  /** The last lines of its log. */
  get reason(): string {
    return messageLines(this.said.log).slice(-3).join("\n");
  }

  /** The last line of its log, else of its results. */
  get lastLine(): string {
    return messageLines(this.said.log || this.said.output).at(-1) ?? "";
  }

  /** Ctrl-C. Windows has no signals: there a command stops when it loses the studio. */
  interrupt(): void {
    if (process.platform === "win32") this.#process.disconnect();
    else this.#process.kill("SIGINT");
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

const longestAnswer = 16 << 20;

/**
 * What a short command prints.
 * @throws {RunError} with its reason if it fails.
 */
export async function answerOf(
  program: readonly string[],
  words: readonly string[],
  { signal, cwd }: { signal?: AbortSignal; cwd?: string } = {},
): Promise<string> {
  const child = new ChildCommand(program, words, longestAnswer, cwd);
  // Nobody waits for the answer, and nothing of it is kept.
  const kill = () => child.kill();
  signal?.addEventListener("abort", kill);
  const code = await child.ended;
  signal?.removeEventListener("abort", kill);
  if (child.said.output.length === longestAnswer)
    throw new RunError(
      "bad_argument",
      `dsbm ${words[0]} printed more than the studio takes (16 MB): use the command line`,
    );
  if (code === 0) return child.said.output;
  throw new RunError("bad_argument", child.reason || `dsbm ${words[0]} ended with ${code}`);
}
