// What tests of files and locks share.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { FileError, processName } from "../src/index.js";

/** The address of this package for programs. */
export const door = new URL("../dist/index.js", import.meta.url).href;
/** The name of a process that has ended. */
export const deadName = processName().replace(/-\d+-/, "-999999999-");

/** A folder that is removed after the test. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-files-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a program that uses this package, and waits for its first output. */
export async function start(code: string, argument: string) {
  const args = ["--input-type=module", "-e", `import * as files from "${door}";${code}`, argument];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return async () => {
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
    return child.pid;
  };
}

/** Code and message of the FileError of an operation. */
export function codeOf(operation: () => unknown): string {
  try {
    operation();
  } catch (error) {
    if (error instanceof FileError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was thrown";
}

/** Makes a file older by seconds. */
export const age = (path: string, seconds: number) => {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
};
