// dsbm studio as a user types it: --open starts it next to a run and leaves it there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program, scratch, succeed, wordsOf } from "./cli.js";

const folder = scratch();

it("is started beside a run by --open, and outlives it while somebody may look", async () => {
  const words =
    wordsOf(`gaussian dim=2 outer_iters=1 inner_iters=4 num_steps=3 test_num_steps=3 n_train=50 n_test=50
    batch_size=25 threads=1 --open`);
  const { stderr } = await succeed(words, { cwd: folder });
  const address = /studio: (http:\S+)/.exec(stderr)?.[1];
  expect(address, stderr).toBeDefined();
  const [pid] = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isOurs(name));
  try {
    const answer = await fetch(`${address}api/runs`);
    expect(await answer.json()).toMatchObject({
      rows: [{ name: "gaussian", state: "finished" }],
    });
  } finally {
    if (pid) process.kill(Number(pid));
  }
});

it("writes nothing that stays with --no-settings", async () => {
  const [config, temporary] = [join(folder, "config"), join(folder, "temporary")];
  mkdirSync(temporary);
  const studio = spawn(process.execPath, [program, "studio", folder, "--no-settings"], {
    env: { ...process.env, XDG_CONFIG_HOME: config, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(studio.stdout, "data")) as [Buffer];
  const address = /http:\S+/.exec(String(said))?.[0];
  expect((await fetch(`${address}api/runs`)).status).toBe(200);
  studio.kill("SIGINT");
  await once(studio, "exit");
  expect([existsSync(config), readdirSync(temporary)]).toEqual([false, []]);
});

/** Whether a process is the studio of this test's run. */
function isOurs(pid: string): boolean {
  try {
    const words = readFileSync(join("/proc", pid, "cmdline"), "utf8");
    return words.includes("--beside") && readlinkSync(join("/proc", pid, "cwd")) === folder;
  } catch {
    // Gone meanwhile, or not ours to look at.
    return false;
  }
}
