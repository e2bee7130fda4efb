// Starts the ranks of a test as processes of their own and collects what each reports.
import { type ChildProcess, fork, spawn } from "node:child_process";
import { createServer } from "node:net";

/** What a rank reported, by name, and how its process ended. */
export interface Outcome {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the scenario reports
  said: Record<string, any>;
  exit: number | string | null;
  errors: string;
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

type Variables = Record<string, string | undefined>;

/** Plays one rank of a program, told `options`, with the launcher's `variables` and nothing else that a launcher sets. */
type Play = (program: string, options: object, variables: Variables) => Promise<Outcome>;

/** The variables of a process that no launcher started. */
function clean(): Variables {
  const { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, ...others } = process.env;
  return { ...others, OMP_NUM_THREADS: "1" };
}

/** In a process of its own. */
export const rank: Play = (program, options, variables) => {
  const env = { ...clean(), ...variables };
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { env });
  let out = "";
  let errors = "";
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      const lines = out.split("\n").filter((line) => line !== "");
      const said = Object.fromEntries(lines.map((line) => JSON.parse(line)));
      resolve({ said, exit: signal ?? code, errors });
    });
  });
};

interface Resident {
  child: ChildProcess;
  /** What it wrote to stderr and nobody was told yet. */
  errors: string;
}

const idleResidents = new Map<string, Resident[]>();

function start(program: string) {
  const stdio = ["ignore", "ignore", "pipe", "ipc"] as const;
  const child = fork(program, { env: clean(), stdio: [...stdio], execArgv: [] });
  const resident: Resident = { child, errors: "" };
  child.stderr?.on("data", (data) => {
    resident.errors += data;
  });
  return resident;
}

/**
 * In a process that may have played before, which saves its start: for programs that use played.mjs
 * and scenarios after which a process can continue. `exit` is the code that it would have ended
 * with.
 */
export const residentRank: Play = (program, options, variables) => {
  // Groups are numbered in each process: members of a group must have been in as many before.
  const key = `${program} ${variables.WORLD_SIZE}`;
  const free = idleResidents.get(key) ?? [];
  idleResidents.set(key, free);
  const resident = free.pop() ?? start(program);
  const { child } = resident;
  const said: Outcome["said"] = {};
  return new Promise((resolve) => {
    const end = (exit: Outcome["exit"]) => {
      child.removeAllListeners("message").removeAllListeners("close");
      const { errors } = resident;
      resident.errors = "";
      if (child.connected) free.push(resident);
      resolve({ said, exit, errors });
    };
    child.on("message", (message: { said: [string, unknown] } | { done: number }) => {
      if ("done" in message) end(message.done);
      else said[message.said[0]] = message.said[1];
    });
    child.on("close", (code, signal) => end(signal ?? code));
    child.send({ options, variables });
  });
};

/** Plays `n` ranks as torchrun would, by default in processes of their own; `change` alters the variables of one. */
export async function ranks(
  program: string,
  n: number,
  options: object,
  change: (rank: number) => Variables = () => ({}),
  play: Play = rank,
): Promise<Outcome[]> {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: n }, (_, r) =>
      play(program, options, {
        RANK: String(r),
        WORLD_SIZE: String(n),
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: String(port),
        ...change(r),
      }),
    ),
  );
}
