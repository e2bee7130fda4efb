// A second signal ends the process at once, also while native code runs, which a blocked thread stands for here.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const workModule = fileURLToPath(new URL("../dist/terminal/work.js", import.meta.url));

it("a second signal ends a blocked process, with a line", async () => {
  const code = `
    import { beginWork } from ${JSON.stringify(workModule)};
    await beginWork("to resume: again");
    setTimeout(() => {
      console.log("ready");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code]);
  let said = "";
  child.stderr.on("data", (text) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), ended]);
  child.kill("SIGTERM");
  await sleep(200);
  child.kill("SIGTERM");
  expect(await ended).toBe(143);
  expect(said).toBe("to resume: again\n");
});
