// Runs programs one after the other in one process of their own, since loading the library takes a second.
import { fork } from "node:child_process";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { format } from "node:util";

const ownPath = fileURLToPath(import.meta.url);

/** Starts the process: `run(file, folder)` resolves to the output of the program; `stop()` ends it. */
export function programs() {
  const env = { ...process.env, OMP_NUM_THREADS: "1", DSBM_CORES: "1" };
  const child = fork(ownPath, [], {
    env,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const run = (file, folder) =>
    new Promise((resolve, reject) => {
      const end = (code, signal) => reject(new Error(`${file} ended with ${signal ?? code}`));
      child.once("exit", end);
      child.once("message", ({ printed, error }) => {
        child.off("exit", end);
        if (error === undefined) resolve(printed);
        else reject(new Error(error));
      });
      child.send({ file, folder });
    });
  return { run, stop: () => child.kill() };
}

if (process.argv[1] === ownPath) {
  let printed = "";
  console.log = (...parts) => {
    printed += `${format(...parts)}\n`;
  };
  process.on("message", async ({ file, folder }) => {
    printed = "";
    process.chdir(folder);
    try {
      await import(pathToFileURL(file).href);
      process.send({ printed });
    } catch (error) {
      process.send({ error: String(error.stack ?? error) });
    }
  });
}
