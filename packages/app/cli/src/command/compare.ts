import { compare } from "@dsbm/config";
import { placedWords } from "./words.js";
import { beginWork } from "./work.js";

const notes = [
  "TARGET     a table of held-out data, in any format of dsbm fit",
  "GENERATED  a table of generated samples, with the same columns in the same units",
  "source     a table of their source rows: gives ceilings, and a verdict",
  "--json     as json=true",
];

/** Returns the exit code. Throws ConfigError. */
export async function compareCommand(args: string[]): Promise<number> {
  const request = placedWords(compare, args, {
    expected: "TARGET GENERATED",
    notes,
    options: { "--json": "json=true" },
  });
  if (!request) return 0;
  const [target, generated] = request.places as [string, string];
  const { json, ...options } = request.config;
  using work = await beginWork("stopped within a step");
  const { progress, signal } = work;
  const { compareFiles, qualityTable } = await import("@dsbm/evaluation");
  const quality = await compareFiles({ ...options, target, generated, progress, signal });
  progress.done();
  if (quality === null) return 130;
  console.log(json ? JSON.stringify(quality, null, 2) : qualityTable(quality));
  return 0;
}
