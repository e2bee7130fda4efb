// Temporary folders, and this room as it is compiled for child processes that are to be killed or run as another user.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileError } from "@dsbm/files";
import { onTestFinished } from "vitest";
import { isRunFault, type RunError } from "../src/errors.js";
import type { OpenRunOptions } from "../src/run/writer.js";

/** A new folder that everybody may enter; deleted after the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-runs-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

let compiledFolder: string | undefined;

/** A folder with this room as JavaScript under runs/, made once for each process of tests. */
function compileOnce() {
  if (compiledFolder !== undefined) return compiledFolder;
  const folder = mkdtempSync(join(tmpdir(), "dsbm-runs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  symlinkSync(at("../../../../node_modules"), join(folder, "node_modules"));
  cpSync(at("../dist/"), join(folder, "runs"), { recursive: true });
  compiledFolder = folder;
  return folder;
}

/** Writes a script next to the room, which it finds at ./runs, and returns its path. */
function script(code: string) {
  const path = join(compileOnce(), `${randomUUID()}.js`);
  writeFileSync(path, code);
  return path;
}

/** Starts a script, by its text or its path, and waits for its first output; it is killed after the test. */
export async function startScript(code: string, ...args: string[]): Promise<ChildProcess> {
  const path = code.endsWith(".js") ? code : script(code);
  const child = spawn(process.execPath, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

/** Kills a child with SIGKILL and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** The error of a run or of a file that `operation` throws; anything else fails the test. */
export function faultOf(operation: () => unknown): RunError | FileError {
  try {
    operation();
  } catch (error) {
    if (isRunFault(error)) return error;
    throw error;
  }
  throw new Error("expected an error, nothing was thrown");
}

/** Options of a small run in a folder. */
export const options = (folder: string, more: Partial<OpenRunOptions> = {}): OpenRunOptions => ({
  folder,
  dsbm: "0.1.0",
  config: { dim: 5, lr: 1e-4 },
  config_yaml: "dim: 5\nlr: 1e-4\n",
  columns: ["half_iteration", "mean"],
  environment: { threads: 2 },
  ...more,
});

/** The folder of a new run in a scratch folder. */
export const newFolder = () => join(scratch(), "gaussian", "default", "1");
