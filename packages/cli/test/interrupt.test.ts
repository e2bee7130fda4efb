// Signals while native code runs, which a blocked thread stands for here: the process ends all the same.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const built = fileURLToPath(new URL("../dist/terminal/interrupt.js", import.meta.url));

/** A process that says "ready", and blocks for a minute: at once, or once it was told to stop. */
function blocked(options: string, then: string) {
  const code = `
    import { createInterrupt } from ${JSON.stringify(built)};
    const interrupt = createInterrupt(${options});
    const block = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
    setInterval(() => {}, 1000);
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const heard = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => pattern.test(said) && resolve();
      for (const stream of [child.stdout, child.stderr]) stream.on("data", look);
    });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (text) => {
      said += text;
    });
  const ended = new Promise<{ signal: NodeJS.Signals | null; said: string }>((resolve) => {
    child.on("close", (_, signal) => resolve({ signal, said }));
  });
  return { child, heard, ended };
}

const ready = `console.log("ready");`;
const stopped = `interrupt.signal.addEventListener("abort", () => { console.log("blocking"); block(); });`;

it("a signal ends a process at once where it is to be sudden", async () => {
  const { child, heard, ended } = blocked("", `interrupt.sudden(true); ${ready} block();`);
  await heard(/ready/);
  child.kill("SIGTERM");
  expect((await ended).signal).toBe("SIGTERM");
});

it("a process that does not come to a step boundary is ended after some seconds, with a line", async () => {
  const { child, heard, ended } = blocked(`{ late: "to go on: again" }`, `${stopped} ${ready}`);
  await heard(/ready/);
  child.kill("SIGINT");
  const { signal, said } = await ended;
  expect(signal).toBe("SIGKILL");
  expect(said).toMatch(/stopping at the next step boundary[\s\S]*to go on: again/);
});

it("a second signal ends it at once, and work that has noticed the first one is not ended", async () => {
  const { child, heard, ended } = blocked(
    `{ late: "late" }`,
    `${stopped.replace("block()", "interrupt.noticed(); block()")} ${ready}`,
  );
  await heard(/ready/);
  child.kill("SIGINT");
  await heard(/blocking/);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  expect(child.exitCode ?? child.signalCode).toBeNull();
  child.kill("SIGINT");
  const { signal, said } = await ended;
  expect(signal).toBe("SIGINT");
  expect(said).not.toContain("late");
});
