// A process that runs command lines as bin/dsbm.mjs does, one after the other: a small command
// spends most of its time on the start of its process. A second command at the same time gets a
// second process.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./resident.mjs", import.meta.url));
const mark = "\u0000end of the command\u0000";

/** How a command ended, and what it said. */
export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const idle: ChildProcess[] = [];

// Without vitest's own arguments of node.
const start = (env: NodeJS.ProcessEnv) =>
  fork(program, { stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [], env });

interface Options {
  cwd: string;
  /** Of a process that is started now; PATH of any. */
  env: NodeJS.ProcessEnv;
}

/** Runs a command to its end; a process that died gives its code or signal. */
export function runResident(args: readonly string[], { cwd, env }: Options): Promise<Outcome> {
  const child = idle.pop() ?? start(env);
  const said = { stdout: "", stderr: "" };
  let answer: number | null = null;
  return new Promise((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      child.removeAllListeners();
      for (const name of ["stdout", "stderr"] as const) {
        child[name]?.removeAllListeners("data");
        said[name] = said[name].split(mark)[0] as string;
      }
      if (child.connected) idle.push(child);
      resolve({ code, signal, ...said });
    };
    const look = () => {
      const { stdout, stderr } = said;
      if (answer !== null && stdout.includes(mark) && stderr.includes(mark)) end(answer, null);
    };
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        look();
      });
    child.on("message", ({ code }: { code: number }) => {
      answer = code;
      look();
    });
    child.on("close", end);
    child.send({ args, cwd, path: env.PATH, mark });
  });
}
