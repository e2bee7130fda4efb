#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";

/** Below these limits of its process the program cannot even load what explains errors. */
const needs = [
  ["Max open files", 256, "open files", "ulimit -n 1024, in a new shell if this one refuses"],
  ["Max address space", 2 ** 31, "bytes of addresses", "ulimit -v unlimited"],
];

/** What this process lacks, in one line; undefined if it has enough. */
function shortage() {
  if (process.platform !== "linux") return undefined;
  const limits = readFileSync("/proc/self/limits", "utf8");
  for (const [name, least, unit, cure] of needs) {
    const [, soft] = new RegExp(`^${name} +(\\d+)`, "m").exec(limits) ?? [];
    if (Number(soft ?? least) < least)
      return `dsbm: this shell allows ${soft} ${unit}, dsbm needs ${least}: ${cure}`;
  }
}

const program = new URL("../dist/main.js", import.meta.url);
const line = existsSync(program)
  ? shortage()
  : "dsbm: this clone is not compiled yet: npm ci, or npm run setup for libtorch too";
if (line) {
  console.error(line);
  process.exitCode = 1;
} else {
  const { main } = await import(program.href);
  process.exitCode = await main(process.argv.slice(2), 0);
}
