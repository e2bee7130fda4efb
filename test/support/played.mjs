// A program of ranks: started with its options it plays one and ends; started with a channel it plays one after the other,
// each with the variables of a launcher that come with its options.
import process from "node:process";

const names = [
  "RANK",
  "LOCAL_RANK",
  "WORLD_SIZE",
  "LOCAL_WORLD_SIZE",
  "MASTER_ADDR",
  "MASTER_PORT",
];

/** Plays `play(options, say)` as this process was started. */
export async function playHere(play) {
  if (!process.send)
    return play(JSON.parse(process.argv[2]), (name, value) =>
      process.stdout.write(`${JSON.stringify([name, value])}\n`),
    );
  process.on("disconnect", () => process.exit());
  process.on("message", async ({ options, variables }) => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, variables);
    await play(options, (name, value) => process.send({ said: [name, value] }));
    process.send({ done: process.exitCode ?? 0 });
    process.exitCode = undefined;
  });
}
