// `nproc=N`: starts the processes of one training on this machine, each a rank, passes signals on,
// and ends the others after a failure.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { cores, createInterrupt, isStopCode } from "@dsbm/runs";
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
    for (const child of children) child.kill(signal);
  };
  interrupt.signal.addEventListener("abort", () => all("SIGINT"), { once: true });
  const timers: NodeJS.Timeout[] = [];
  const endOf = (child: ChildProcess, rank: number) =>
    new Promise<number>((done) => {
      child.on("error", (error) => {
        console.error(`dsbm: rank ${rank} cannot be started: ${error.message}`);
        done(1);
      });
      child.on("exit", (code, signal) => {
        if (signal && !interrupt.signal.aborted)
          console.error(`dsbm: rank ${rank} was killed by ${signal}`);
        // Ranks that wait for it notice; others get SIGTERM, and stop at a point where the run can
        // resume.
        if (code !== 0 && !isStopCode(code) && timers.length === 0) {
          timers.push(setTimeout(() => all("SIGTERM"), graceMs));
          timers.push(setTimeout(() => all("SIGKILL"), graceMs + timeoutMs));
        }
        done(code ?? 1);
      });
    });
  const codes = await Promise.all(children.map(endOf));
  for (const timer of timers) clearTimeout(timer);
  interrupt.dispose();
  const failed = codes.find((code) => code !== 0) ?? 0;
  return failed !== 0 && interrupt.signal.aborted ? 130 : failed;
}

/** Stops a process of `launchRanks` as by a signal when the launcher ends. */
export function followLauncher(): void {
  if (!process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
