// A folder has one live run; an ended process never blocks it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { isAlive } from "../../src/files/process.js";
import { acquireLock, foreignLockSeconds, lockHolder } from "../../src/run/lock.js";
import { kill, runErrorOf, scratch, script, startScript } from "../support.js";

const lockPath = () => join(scratch(), ".lock");

/** Leaves a changed lock, as an ended process or one of another machine would. */
function leftLock(change: Record<string, unknown>): string {
  const path = lockPath();
  acquireLock(path);
  const owner = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...owner, token: "another", ...change }));
  return path;
}

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

describe("isAlive", () => {
  it("is false for ended processes, zombies included", async ({ skip }) => {
    expect(isAlive(process.pid)).toBe(true);
    for (const pid of [999_999_999, 0, -1, Number.NaN]) expect(isAlive(pid)).toBe(false);
    if (process.platform !== "linux") return skip("zombies are looked up in /proc");
    // The inner sleep becomes a zombie: its parent, by then a sleep too, never reads its status. A shell might.
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    try {
      const [said] = await once(parent.stdout, "data");
      const zombie = Number(String(said));
      await expect.poll(() => isAlive(zombie)).toBe(false);
      expect(process.kill(zombie, 0)).toBe(true);
    } finally {
      await kill(parent);
    }
  });
});

describe("acquireLock", () => {
  it("refuses a second holder and names the first", () => {
    const path = lockPath();
    const lock = acquireLock(path);
    const error = runErrorOf(() => acquireLock(path));
    expect(error.code).toBe("locked");
    expect(error.message).toContain(`in use by process ${process.pid}: wait for it to end`);
    lock.release();
    expect(lockHolder(path)).toBeUndefined();
    acquireLock(path).release();
  });

  it("is refused while a child lives and taken over after kill -9", async () => {
    const path = lockPath();
    const holder = `import { acquireLock } from "./runs/run/lock.js";
      acquireLock(process.argv[2]); console.log("held"); setInterval(() => {}, 1000);`;
    const child = await startScript(holder, path);
    expect(runErrorOf(() => acquireLock(path)).message).toContain(`process ${child.pid}`);
    expect(lockHolder(path)).toBe(child.pid);
    await kill(child);
    expect(lockHolder(path)).toBeUndefined();
    const lock = acquireLock(path);
    expect(lockHolder(path)).toBe(process.pid);
    lock.release();
  });

  it("takes over a lock whose pid now belongs to another process", () => {
    const path = leftLock({ start: "1" });
    acquireLock(path).release();
  });

  it("waits for another machine's lock until it shows no life for long", () => {
    const path = leftLock({ place: "another boot" });
    age(path, foreignLockSeconds - 60);
    const error = runErrorOf(() => acquireLock(path));
    expect(error.code).toBe("locked");
    expect(error.message).toMatch(/another machine or container.*delete/);
    age(path, foreignLockSeconds + 60);
    acquireLock(path).release();
  });

  it("takes over an empty lock once it is old, and not while it may be being written", () => {
    const path = lockPath();
    writeFileSync(path, "");
    expect(runErrorOf(() => acquireLock(path)).code).toBe("locked");
    age(path, 60);
    acquireLock(path).release();
  });

  it("does not delete a lock that was taken over from it", () => {
    const path = lockPath();
    const lock = acquireLock(path);
    const owner = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...owner, token: "another" }));
    lock.release();
    expect(lockHolder(path)).toBe(process.pid);
  });

  it("shows its content as soon as it is there", async () => {
    const path = lockPath();
    const holder = `import { acquireLock } from "./runs/run/lock.js";
      console.log("ready");
      for (;;) acquireLock(process.argv[2]).release();`;
    const child = await startScript(holder, path);
    for (let found = 0; found < 500; ) {
      if (!existsSync(path)) continue;
      try {
        expect(JSON.parse(readFileSync(path, "utf8")).pid).toBe(child.pid);
        found++;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  });

  it("notices that it was taken over or deleted", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (const [change, message] of [
        [
          (path: string) => writeFileSync(path, '{"pid":7,"token":"another"}'),
          /over by process 7:/,
        ],
        [(path: string) => rmSync(path), /was deleted: the run ends/],
      ] as const) {
        const path = lockPath();
        const lock = acquireLock(path);
        expect(lock.isOurs()).toBe(true);
        change(path);
        expect(lock.isOurs()).toBe(false);
        lock.refresh();
        vi.setSystemTime(Date.now() + 31_000);
        expect(runErrorOf(() => lock.refresh()).message).toMatch(message);
        lock.release();
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("waits for a take-over under way, and not for one that died", () => {
    const path = leftLock({ start: "1" });
    writeFileSync(`${path}.takeover`, "");
    expect(runErrorOf(() => acquireLock(path)).message).toMatch(/is taking over .*try again/);
    age(`${path}.takeover`, 60);
    acquireLock(path).release();
  });

  it("lets one of many contenders through a stale lock", async () => {
    const path = leftLock({ pid: 999_999_999 });
    const contender = script(
      `import { acquireLock } from "./runs/run/lock.js";
       process.stdin.once("data", () => {
         try { acquireLock(process.argv[2]); console.log("won"); }
         catch (error) { console.log(error.code); }
       });
       setInterval(() => {}, 1000);
       console.log("ready");`,
    );
    const children = await Promise.all([0, 1, 2, 3].map(() => startScript(contender, path)));
    const answers = children.map(async ({ stdout }) => String(await once(stdout!, "data")).trim());
    for (const child of children) child.stdin!.write("go\n");
    expect((await Promise.all(answers)).sort()).toEqual(["locked", "locked", "locked", "won"]);
  });
});
