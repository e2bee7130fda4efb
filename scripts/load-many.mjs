// Loads the compiled engine in many fresh processes, since a collision of shared libraries shows in one of
// a hundred address layouts only: `node scripts/load-many.mjs 1000`. Prints how many ended badly.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const fixture = fileURLToPath(
  new URL("../packages/engine/torch/test/fixtures/one-operation.mjs", import.meta.url),
);

/** Runs the fixture `count` times, `side` at a time; returns one line for each process that failed. */
export async function loadMany(count, side = 4) {
  const failures = [];
  let next = 0;
  const one = () =>
    new Promise((done) => {
      const child = spawn(process.execPath, [fixture], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.on("data", (text) => {
        said += text;
      });
      child.on("close", (code, signal) => {
        if (code !== 0) failures.push(`${signal ?? `code ${code}`} ${said.trim().slice(-300)}`);
        done();
      });
    });
  const lane = async () => {
    while (next++ < count) await one();
  };
  await Promise.all(Array.from({ length: side }, lane));
  return failures;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const count = Number(process.argv[2] ?? 1000);
  const failures = await loadMany(count);
  for (const line of failures) console.error(line);
  console.log(`${count} processes, ${failures.length} ended badly`);
  process.exitCode = failures.length ? 1 : 0;
}
