import { cpSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { ConfigError } from "@dsbm/config";
import { readRun } from "@dsbm/runs";

const passing = /^(\.lock|cache|previous|\.tmp-.*)$/;

/** Copies a run to a folder that must be new or empty; returns its path. */
export function saveRun(folder: string, to: string): string {
  readRun(folder);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new ConfigError(`${to} exists and is not empty: give a new folder`);
  const filter = (path: string) =>
    resolve(path) === resolve(folder) || !passing.test(basename(path));
  const target = resolve(to);
  const temporary = resolve(dirname(target), `.tmp-${process.pid}-${basename(target)}`);
  try {
    cpSync(folder, temporary, { recursive: true, filter, preserveTimestamps: true });
    if (existsSync(target)) rmSync(target, { recursive: true });
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return to;
}
