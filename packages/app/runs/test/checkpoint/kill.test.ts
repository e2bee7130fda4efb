// The real thing: processes killed with SIGKILL while they save, a disk that is full, a file system
// that is read-only, a folder without permission.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { newestCheckpoint } from "../../src/checkpoint/read.js";
import { faultOf, kill, runUnprivileged, scratch, script, tmpfs } from "../support.js";
import { expectPoint, idOf, numbers, open, point, saveAll } from "./points.js";

/** Continues from the newest checkpoint and prints each order once it is on the disk. */
const saver = `
  import { writeSync } from "node:fs";
  import { openCheckpoints } from "./runs/checkpoint/store.js";
  const store = openCheckpoints(process.argv[2], { dsbm: "0.1.0", keep_last: 2 });
  let order = store.newest().checkpoint?.order ?? 0;
  for (;;) {
    order += 1;
    const bytes = Buffer.alloc(100_000, order % 251);
    const files = { net: [bytes, bytes], ema: bytes, order: String(order) };
    const id = "it0001_b_step" + String(order).padStart(8, "0");
    store.save({ id, order, milestone: order % 50 === 0, facts: { order }, files });
    writeSync(1, order + "\\n");
  }`;

/** The numbers that a child has printed in whole lines. */
function listen(child: ChildProcess): () => number[] {
  let said = "";
  child.stdout?.on("data", (data) => {
    said += data;
  });
  return () => said.split("\n").slice(0, -1).map(Number);
}

describe("SIGKILL", () => {
  it("at 8 moments never costs an announced point, nor shows a half one", async () => {
    const path = script(saver);
    const folder = join(scratch(), "checkpoints");
    let last = 0;
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [path, folder], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const said = listen(child);
      // Every other child is killed at any moment of its life, the rest after they have saved.
      if (round % 2 === 0) await once(child.stdout!, "data");
      const until = Date.now() + (round % 2 === 0 ? 60 : 200) * Math.random();
      while (Date.now() < until) {
        // Another process that reads finds whole checkpoints only.
        expect(newestCheckpoint(folder).damaged).toEqual([]);
        await sleep(1);
      }
      await kill(child);
      if (round % 2 === 0) expect(said()[0]).toBeGreaterThan(last);
      last = said().at(-1) ?? last;

      const store = open(folder, { keep_last: 2 });
      const { checkpoint, damaged } = store.newest();
      expect(damaged).toEqual([]);
      expect(checkpoint?.order).toBeGreaterThanOrEqual(last);
      expect(checkpoint?.facts).toEqual({ order: checkpoint?.order });
      last = checkpoint?.order as number;
      const names = readdirSync(folder).filter((name) => !name.startsWith("."));
      expect(names).toEqual(numbers(store).map(idOf));
      const passing = names.filter((name) => Number(name.slice(-8)) % 50 !== 0);
      // Two, and the newest one where the older ones were not yet removed.
      expect(passing.length).toBeLessThanOrEqual(3);
    }
    expect(last).toBeGreaterThanOrEqual(4);
  });
});

describe("a disk that cannot be written", () => {
  it("when full keeps the older points usable and reports how much is needed", ({ skip }) => {
    const folder = join(tmpfs("size=1m", skip), "checkpoints");
    const store = open(folder, { keep_last: 2 });
    const half = (n: number) => point(n, { files: { net: Buffer.alloc(350_000, n) } });
    store.save(half(1));
    store.save(half(2));
    const chunks = Array.from({ length: 40 }, () => Buffer.alloc(10_000));
    const error = faultOf(() => store.save(point(3, { files: { a: "small", net: chunks } })));
    expect(error.code).toBe("disk_full");
    expect(error.message).toMatch(
      /^cannot .*: the disk is full: .*\(ENOSPC\); the older checkpoints \(2, newest it0001_b_step00000002\) are intact$/,
    );
    expect(numbers(store)).toEqual([1, 2]);
    expect(readdirSync(folder)).toEqual([idOf(1), idOf(2)]);
    // What does fit is saved, and makes room.
    expect(store.save(point(3)).removed).toEqual([idOf(1)]);
    expect(store.save(half(4)).removed).toEqual([idOf(2)]);
    expect(numbers(store)).toEqual([3, 4]);
  });

  it("when mounted read-only still opens and gives its points", ({ skip }) => {
    const run = tmpfs("size=1m", skip);
    const folder = join(run, "checkpoints");
    saveAll(open(folder), [1, 2]);
    expect(spawnSync("mount", ["-o", "remount,ro", run]).status).toBe(0);
    const store = open(folder);
    expectPoint(store.newest().checkpoint, 2);
    const error = faultOf(() => store.save(point(3)));
    expect(error.code).toBe("read_only");
    expect(error.message).toMatch(/remount it writable.*; the older checkpoints.* intact$/);
    expect(numbers(store)).toEqual([1, 2]);
  });

  it("without permission names what to change", () => {
    const folder = join(scratch(), "checkpoints");
    mkdirSync(folder);
    saveAll(open(folder), [1]);
    chmodSync(folder, 0o555);
    const said = runUnprivileged(
      `import { openCheckpoints } from "./runs/checkpoint/store.js";
       const store = openCheckpoints(process.argv[2], { dsbm: "0.1.0" });
       console.log(store.newest().checkpoint.order);
       const { facts } = store.newest().checkpoint;
       try { store.save({ id: "two", order: 2, facts, files: {} }); }
       catch (error) { console.log(error.code, error.message); }`,
      folder,
    ).split("\n");
    expect(said[0]).toBe("1");
    expect(said[1]).toMatch(/^permission cannot .*: no permission: change/);
    expect(said[1]).toMatch(
      /the older checkpoints \(1, newest it0001_b_step00000001\) are intact$/,
    );
    expect(said).toHaveLength(3);
  });
});
