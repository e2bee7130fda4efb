// Signals while native code runs, which a blocked thread stands for here: none is lost, and the process ends all the same.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const built = fileURLToPath(new URL("../dist/command/work.js", import.meta.url));

/** A process that says "ready" and hears nothing for some milliseconds, and then runs `then`. */
function blocked(milliseconds: number, then = "") {
  const code = `
    import { beginWork } from ${JSON.stringify(built)};
    const interrupt = await beginWork("to resume: again", 1);
    const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    setInterval(() => {}, 1000);
    interrupt.signal.addEventListener("abort", () => { ${then} });
    console.log("ready");
    block(${milliseconds});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const waiting: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
      for (const look of waiting) look();
    });
  const heard = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => pattern.test(said) && resolve();
      waiting.push(look);
      look();
    });
  const ended = new Promise<{ code: number | null; said: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, said }));
  });
  return { child, heard, ended };
}

it("a signal in a long call is answered at once, and ends the process after some seconds with a line", async () => {
  const { child, heard, ended } = blocked(60_000);
  await heard(/ready/);
  child.kill("SIGINT");
  await heard(/stopping at the next step boundary; once more to stop at once/);
  const { code, said } = await ended;
  expect(code).toBe(130);
  expect(said).toMatch(/\nto resume: again\n$/);
});

it("a second signal ends it at once", async () => {
  const { child, heard, ended } = blocked(60_000);
  await heard(/ready/);
  child.kill("SIGTERM");
  await heard(/once more/);
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 143, said: expect.stringMatching(/to resume: again/) });
});

it("a signal in a call is heard after it, and work that has noticed it is not ended", async () => {
  const then = `console.log("heard"); interrupt.noticed(); block(1500); process.exit(7);`;
  const { child, heard, ended } = blocked(500, then);
  await heard(/ready/);
  child.kill("SIGHUP");
  const { code, said } = await ended;
  expect(code).toBe(7);
  expect(said).toMatch(/once more[\s\S]*heard/);
  expect(said).not.toContain("to resume");
});
