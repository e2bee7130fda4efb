// `nproc=N`: the processes of one training on this machine, each a rank; this process starts them, passes signals on,
// and sees that none is left alone.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { createInterrupt } from "../terminal/interrupt.js";
import { cores } from "./cores.js";

const program = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));

/** A port of the loopback that nobody listens on. */
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

/** Milliseconds in which the other ranks may find out by themselves that one has ended badly. */
const patience = 10_000;

/** Runs a command line as `n` ranks; the exit code of rank 0, or of the first that failed. */
export async function launchRanks(
  args: readonly string[],
  { n, timeoutMs }: { n: number; timeoutMs: number },
): Promise<number> {
  const port = await freePort();
  const interrupt = createInterrupt(() => {});
  const share = Math.max(1, Math.floor(cores() / n));
  const children = Array.from({ length: n }, (_, rank) =>
    spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", rank === 0 ? "inherit" : "ignore", "inherit", "ipc"],
      detached: true, // a terminal's Ctrl-C reaches us alone; each rank gets it once, from us
      env: {
        ...process.env,
        DSBM_CORES: String(share),
        RANK: String(rank),
        LOCAL_RANK: String(rank),
        WORLD_SIZE: String(n),
        LOCAL_WORLD_SIZE: String(n),
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: String(port),
      },
    }),
  );
  const all = (signal: NodeJS.Signals) => {
    for (const child of children) if (isRunning(child)) child.kill(signal);
  };
  interrupt.signal.addEventListener("abort", () => all("SIGINT"), { once: true });
  const timers: NodeJS.Timeout[] = [];
  const ends: End[] = [];
  const ended = (end: End) => {
    ends.push(end);
    if (end.code === 0 || end.code === 130 || timers.length > 0) return;
    // Whoever waits for it notices; who does something else is asked to stop where it can be gone on with.
    timers.push(setTimeout(() => all("SIGTERM"), patience));
    timers.push(setTimeout(() => all("SIGKILL"), patience + timeoutMs));
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
            if (signal) console.error(`dsbm: rank ${rank} was killed by ${signal}`);
            ended({ rank, code, signal });
            done();
          });
        }),
    ),
  );
  for (const timer of timers) clearTimeout(timer);
  interrupt.dispose();
  const bad = ends.filter(({ code }) => code !== 0);
  const first = bad.find(({ rank }) => rank === 0) ?? bad[0];
  return ends.length < n ? 1 : first ? (first.code ?? 1) : 0;
}

const isRunning = ({ exitCode, signalCode }: ChildProcess) =>
  exitCode === null && signalCode === null;

/** As a process that `launchRanks` started: stops as by a signal where the one that started it is gone. */
export function followLauncher(): void {
  if (!process.channel) return;
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
