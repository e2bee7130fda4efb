// Locks between processes: one holder, stale ones, lost ones, and which processes have ended.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  acquireLock,
  createExclusive,
  foreignLockSeconds,
  isAlive,
  isGone,
  lockHolder,
  processName,
} from "../src/index.js";
import { age, codeOf, deadName, door, scratch, start } from "./support.js";

it("recognises ended processes, zombies and reused pids included", async ({ skip }) => {
  expect(isGone(processName())).toBe(false);
  for (const pid of [999_999_999, 0, -1, Number.NaN]) expect(isAlive(pid)).toBe(false);
  expect(isGone(deadName)).toBe(true);
  expect(isGone("00000000-999999999-7")).toBe(false);
  if (process.platform !== "linux") return skip("start times and zombies are looked up in /proc");
  expect(isGone(processName().replace(/\d+$/, "1"))).toBe(true);
  const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
  onTestFinished(() => void parent.kill("SIGKILL"));
  const zombie = Number(String((await once(parent.stdout, "data"))[0]));
  await expect.poll(() => isAlive(zombie)).toBe(false);
});

it("locks for one living process, which is named, and takes over after kill -9", async () => {
  const path = join(scratch(), ".lock");
  const kill = await start(
    `files.acquireLock(process.argv[1]); console.log("held"); setInterval(() => {}, 1000);`,
    path,
  );
  const message = codeOf(() => acquireLock(path));
  const holder = lockHolder(path);
  expect(await kill()).toBe(holder);
  expect(message).toContain(`locked: this folder is in use by process ${holder}: wait for it`);
  expect(lockHolder(path)).toBeUndefined();
  const lock = acquireLock(path);
  expect(lockHolder(path)).toBe(process.pid);
  writeFileSync(path, JSON.stringify({ process: processName(), token: "another" }));
  lock.release(); // it was taken over
  expect(lockHolder(path)).toBe(process.pid);
});

it("waits for locks that may be alive, as long as they show life", () => {
  const table: [text: string, seconds: number, expected: RegExp][] = [
    ["", 0, /a process that is writing its lock/],
    ["", 60, /nothing/],
    [`{"process":"${deadName}"}`, 0, /nothing/],
    [`{"process":"another-7-1"}`, foreignLockSeconds - 60, /process 7 of another machine.*delete/],
    [`{"process":"another-7-1"}`, foreignLockSeconds + 60, /nothing/],
    [`{"pid":7,"start":"1","place":"an earlier version"}`, 20, /of another machine/],
  ];
  for (const [text, seconds, expected] of table) {
    const path = join(scratch(), ".lock");
    writeFileSync(path, text);
    age(path, seconds);
    expect(codeOf(() => acquireLock(path))).toMatch(expected);
  }
  const path = join(scratch(), ".lock");
  writeFileSync(path, `{"process":"${deadName}"}`);
  createExclusive(`${path}.takeover`, "");
  expect(codeOf(() => acquireLock(path))).toMatch(/is taking over .*try again/);
});

it("notices a lost or deleted lock", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  for (const [change, message] of [
    [(path: string) => writeFileSync(path, '{"process":"a-7-1"}'), /over by process 7:/],
    [(path: string) => rmSync(path), /was deleted: the run ends/],
  ] as const) {
    const path = join(scratch(), ".lock");
    const lock = acquireLock(path);
    expect(lock.isHeld()).toBe(true);
    change(path);
    expect(lock.isHeld()).toBe(false);
    lock.refresh();
    vi.setSystemTime(Date.now() + 31_000);
    expect(codeOf(() => lock.refresh())).toMatch(message);
    lock.release();
  }
});

it("lets one of many contenders through a stale lock", async () => {
  const path = join(scratch(), ".lock");
  writeFileSync(path, `{"process":"${deadName}"}`);
  const code = `import * as files from "${door}";
    while (Date.now() < Number(process.argv[2]));
    try { files.acquireLock(process.argv[1]); console.log("won"); process.stdin.resume(); }
    catch (error) { console.log(error.code); }`;
  const at = String(Date.now() + 1500);
  const answers = [0, 1, 2, 3].map(async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", code, path, at]);
    onTestFinished(() => void child.kill());
    return String((await once(child.stdout, "data"))[0]).trim();
  });
  expect((await Promise.all(answers)).sort()).toEqual(["locked", "locked", "locked", "won"]);
});
