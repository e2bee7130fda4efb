// `npm start [-- seed=N threads=N experiments_dir=DIR]`: set up, then three bridges: rivers by `dsbm fit`, handwritten digits, and Gaussians next to
// their exact bridge. Everything runs in this very process, so signals reach it.
import process from "node:process";
import { reportFailure, setup } from "./setup.mjs";

/** Seconds of a whole set-up, and of the parts after it, on two quiet cores. */
const setupSeconds = 120;
const partsSeconds = 165;

async function prepare() {
  const began = performance.now();
  await setup({
    log(line) {
      const left = Math.max(0, setupSeconds - (performance.now() - began) / 1000) + partsSeconds;
      console.error(`1/4 set-up: ${line}  about ${Math.ceil(left / 60)} minutes left in all`);
    },
  });
}

try {
  await prepare();
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const { describeError, exitCodeOf } = await import("@dsbm/config");
const { stoppedCode } = await import("@dsbm/runs");
const { startParts } = await import("./start/parts.mjs");
const { readOptions, runParts } = await import("./start/whole.mjs");
try {
  const isDone = await runParts(startParts, readOptions(process.argv.slice(2)));
  if (!isDone) console.error("stopped; npm start resumes");
  process.exitCode = isDone ? 0 : stoppedCode();
} catch (error) {
  console.error(describeError(error));
  process.exitCode = exitCodeOf(error);
}
