import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { ConfigError, studio } from "@dsbm/config";
import { startStudio } from "@dsbm/studio";
import { studioProgram } from "../studio/program.js";
import { placedWords } from "../terminal/work.js";

/**
 * Returns the exit code.
 * @throws {ConfigError | RunError} for a missing folder.
 */
export async function studioCommand(args: string[]): Promise<number> {
  const words = args.filter((word) => word !== "--no-settings");
  const request = placedWords(studio, words, {
    expected: "[FOLDER]",
    notes: [
      "FOLDER  folder of runs (default: experiments)",
      "--read-only  as read_only=true",
      "The printed address holds a token; anyone with the address can use the runs. Ctrl-C ends the studio and stops its command.",
      "It keeps no settings; --no-settings is accepted and changes nothing.",
    ],
    options: { "--read-only": "read_only=true" },
  });
  if (!request) return 0;
  const { port, read_only: isReadOnly } = request.config;
  const [folder = "experiments"] = request.places;
  if (!existsSync(folder))
    throw new ConfigError(
      `there is no folder ${folder}: give the folder of your runs (npx dsbm studio FOLDER)`,
    );
  const server = await startStudio({
    folder,
    isReadOnly,
    program: studioProgram,
    ...(port !== null && { port }),
  });
  console.log(`studio of ${absolute(folder)}: ${server.address}\nCtrl-C ends it`);
  await new Promise<void>((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => done());
  });
  await server.close();
  return 0;
}
