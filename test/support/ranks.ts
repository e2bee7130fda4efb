// Starts the ranks of a test as processes of their own and collects what each reports.
import { spawn } from "node:child_process";
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

/** Runs one rank of a program, told `options`, with the launcher's `variables` and nothing else that a launcher sets. */
export function rank(program: string, options: object, variables: Variables): Promise<Outcome> {
  const { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, ...clean } = process.env;
  const env = { ...clean, OMP_NUM_THREADS: "1", ...variables };
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
}

/** Runs `n` ranks as torchrun would; `change` alters the variables of one. */
export async function ranks(
  program: string,
  n: number,
  options: object,
  change: (rank: number) => Variables = () => ({}),
): Promise<Outcome[]> {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: n }, (_, r) =>
      rank(program, options, {
        RANK: String(r),
        WORLD_SIZE: String(n),
        MASTER_ADDR: "127.0.0.1",
        MASTER_PORT: String(port),
        ...change(r),
      }),
    ),
  );
}
