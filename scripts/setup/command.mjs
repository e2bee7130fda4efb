// Runs another program quietly: its output matters to a person only when it failed.
import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { repo } from "./stamp.mjs";

/** A step that failed: `message` is one line, `output` what the program printed. */
export class SetupError extends Error {
  constructor(message, output = "") {
    super(message);
    this.name = "SetupError";
    this.output = output;
  }
}

/** Runs a program; resolves to { code, output } with both streams in one, 127 if missing. */
export function attempt(program, args, { cwd = repo, env = process.env } = {}) {
  return new Promise((settle) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => settle({ code: 127, output: `${error.message}\n` }));
    child.on("close", (code, signal) => settle({ code: code ?? signal, output }));
  });
}

/** Like attempt(), but throws a SetupError with the output unless the program succeeded. */
export async function runOrThrow(program, args) {
  const { code, output } = await attempt(program, args);
  if (code === 0) return output;
  throw new SetupError(`\`${[program, ...args].join(" ")}\` ended with ${code}`, output);
}

/** The first python that can import torch; null if none can. */
export function findPython() {
  const able = (python) =>
    spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0;
  return ["/usr/bin/python3", "python3"].find(able) ?? null;
}
