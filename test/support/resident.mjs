// Runs one command line after the other in one process, so that tests pay for its start once. The
// parent sends arguments, a folder, programs' places (PATH) and a mark; the mark on both streams
// separates the output of commands.
import process from "node:process";
import { main } from "../../packages/app/cli/dist/main.js";

// Each command listens to the streams until the process ends.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

const written = (stream, text) => new Promise((done) => stream.write(text, done));

process.on("message", async ({ args, cwd, path, mark }) => {
  process.chdir(cwd);
  process.env.PATH = path;
  process.exitCode = undefined;
  const code = await main(args);
  await Promise.all([written(process.stdout, mark), written(process.stderr, mark)]);
  process.send({ code: process.exitCode ?? code });
});
process.on("disconnect", () => process.exit());
