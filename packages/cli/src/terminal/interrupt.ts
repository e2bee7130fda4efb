// Stops a run by Ctrl-C at its next step boundary. JavaScript hears of a signal only between two calls of native code:
// where such a call takes long, either the signal keeps its default action, or a helper process ends this one. Both lose
// nothing that a checkpoint does not have, and the run goes on from there with the same numbers.
import { type ChildProcess, spawn } from "node:child_process";

export interface Interrupt {
  readonly signal: AbortSignal;
  /** With true a signal ends the process at once, also in native code; with false it stops at the next step boundary. */
  sudden(on: boolean): void;
  /** Says that the work has seen the signal and is ending by itself. */
  noticed(): void;
  dispose(): void;
}

/** Sent by Ctrl-C, by kill, and by a terminal that is closed. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

interface Options {
  /** Gets the message of the first signal. */
  notify?: (text: string) => void;
  /** The line that is printed where the work has not ended after some seconds, and the process is ended. */
  late?: string;
  /** What the second signal does before the process ends, such as ending others (default: nothing). */
  second?: () => void;
}

/** Seconds that the work has to see a signal. */
const patience = 4;

/** Listens for these signals until it is disposed; the second one has its default action: the process ends at once. */
export function createInterrupt({
  notify = (text) => process.stderr.write(`\n${text}\n`),
  late,
  second,
}: Options = {}): Interrupt {
  const controller = new AbortController();
  let listens = false;
  let helper: ChildProcess | null = null;
  const listen = (on: boolean) => {
    if (on === listens) return;
    listens = on;
    for (const name of signals) process[on ? "on" : "off"](name, stop);
  };
  const noticed = () => {
    helper?.stdin?.destroy();
    helper = null;
  };
  const stop = () => {
    if (controller.signal.aborted) {
      second?.();
      process.exit(130);
    }
    // Native code keeps JavaScript from hearing of a second one.
    if (!second) listen(false);
    if (late !== undefined) helper = startHelper(late);
    notify("stopping at the next step boundary; once more to stop at once");
    controller.abort();
  };
  listen(true);
  return {
    signal: controller.signal,
    sudden: (on) => listen(!on && !controller.signal.aborted),
    noticed,
    dispose() {
      noticed();
      listen(false);
    },
  };
}

/** A process that ends this one after some seconds, unless its input ends before: by `noticed`, or with this process. */
function startHelper(late: string): ChildProcess {
  const code = `
    process.stdin.on("end", () => process.exit()).on("error", () => process.exit()).resume();
    setTimeout(() => {
      process.stderr.write(${JSON.stringify(`${late}\n`)});
      process.kill(${process.pid}, "SIGKILL");
      process.exit();
    }, ${1000 * patience});`;
  const helper = spawn(process.execPath, ["-e", code], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  // Without it the process still ends at its next step boundary.
  helper.on("error", () => {});
  helper.stdin?.on("error", () => {});
  helper.unref();
  return helper;
}
