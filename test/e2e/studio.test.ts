// dsbm studio as a user types it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { program, scratch } from "./cli.js";

const folder = scratch();

it("shows a folder without runs, and writes nothing that stays", async () => {
  const [config, temporary] = [join(folder, "config"), join(folder, "temporary")];
  mkdirSync(temporary);
  const studio = spawn(process.execPath, [program, "studio", folder], {
    env: { ...process.env, HOME: config, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(studio.stdout, "data");
  const address = /http:\S+/.exec(String(said))?.[0];
  const answer = await fetch(`${address}api/runs`);
  expect([answer.status, (await answer.json()).rows]).toEqual([200, []]);
  studio.kill("SIGINT");
  await once(studio, "exit");
  expect([existsSync(config), readdirSync(temporary)]).toEqual([false, []]);
});
