// `nproc=N`: starts the processes of one training on this machine, each a rank, passes signals on,
// and ends the others after a failure.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { cores, createInterrupt, isStopCode, patience, shellWord, stoppedWithin } from "@dsbm/runs";
import { program } from "./program.js";

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on("error", reject)
      .listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
      });
  });
}

interface End {
  rank: number;
  code: number | null;
  signal: NodeJS.Signals | null;
}

const graceMs = 10_000;

/** Runs a command line as `n` ranks; the exit code of rank 0, or of the first failed rank. */
export async function launchRanks(
  args: readonly string[],
  { n, timeoutMs }: { n: number; timeoutMs: number },
): Promise<number> {
  const port = await freePort();
  const interrupt = createInterrupt({ notify: () => {}, second: () => all("SIGKILL") });
  const share = Math.max(1, Math.floor(cores() / n));
  const children = Array.from({ length: n }, (_, rank) =>
    spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", rank === 0 ? "inherit" : "ignore", "inherit", "ipc"],
      detached: true, // a terminal's Ctrl-C reaches this process alone, which passes it on once
      env: {
        ...process.env,
        DSBM_CORES: `${share}`,
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: `${port}`,
        RANK: `${rank}`,
        LOCAL_RANK: `${rank}`,
        WORLD_SIZE: `${n}`,
        LOCAL_WORLD_SIZE: `${n}`,
      },
    }),
  );
  const all = (signal: NodeJS.Signals) => {
    for (const child of children)
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };
  // Rank 0 reports that it has seen the signal: a step may take longer.
  let late: NodeJS.Timeout | undefined;
  const stop = () => {
    all("SIGINT");
    late = setTimeout(() => {
      console.error(stoppedWithin(`npx dsbm ${args.map(shellWord).join(" ")}`));
      all("SIGKILL");
    }, 1000 * patience);
  };
  interrupt.signal.addEventListener("abort", stop, { once: true });
  children[0]?.on("message", () => clearTimeout(late));
  const timers: NodeJS.Timeout[] = [];
  const ends: End[] = [];
  const ended = (end: End) => {
    ends.push(end);
    if (end.code === 0 || isStopCode(end.code) || timers.length > 0) return;
    // Ranks that wait for it notice; others get SIGTERM, and stop at a point where the run can
    // resume.
    timers.push(setTimeout(() => all("SIGTERM"), graceMs));
    timers.push(setTimeout(() => all("SIGKILL"), graceMs + timeoutMs));
  };
  await Promise.all(
    children.map(
      (child, rank) =>
        new Promise<void>((done) => {
          child.on("error", (error) => {
            console.error(`dsbm: rank ${rank} cannot be started: ${error.message}`);
            done();
          });
          child.on("exit", (code, signal) => {
            if (signal && !interrupt.signal.aborted)
              console.error(`dsbm: rank ${rank} was killed by ${signal}`);
            ended({ rank, code, signal });
            done();
          });
        }),
    ),
  );
  for (const timer of [...timers, late]) clearTimeout(timer);
  interrupt.dispose();
  const bad = ends.filter(({ code }) => code !== 0);
  if (interrupt.signal.aborted && bad.length > 0) return 130;
  const first = bad.find(({ rank }) => rank === 0) ?? bad[0];
  return ends.length < n ? 1 : first ? (first.code ?? 1) : 0;
}

/** Tells the launcher of rank 0 that the work is ending by itself. */
export function tellLauncher(): void {
  if (process.connected) process.send?.("noticed");
}

/** Stops a process of `launchRanks` as by a signal when the launcher ends. */
export function followLauncher(): void {
  if (!process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
