import { compare } from "@dsbm/config";
import { runPlaced } from "./work.js";

const notes = [
  "TARGET     a table of held-out data, in any format of dsbm fit",
  "GENERATED  a table of generated samples, with the same columns in the same units",
  "source     a table of their source rows: gives ceilings, and a verdict",
  "--json     as json=true",
];

const options = { "--json": "json=true" };

/** Returns the exit code. Throws ConfigError. */
export const compareCommand = (args: string[]): Promise<number> =>
  runPlaced(
    compare,
    args,
    { expected: "TARGET GENERATED", notes, options },
    async (request, work) => {
      const [target, generated] = request.places as [string, string];
      const { json, ...keys } = request.config;
      const { progress, signal } = work;
      const { compareFiles, qualityTable } = await import("@dsbm/evaluation");
      const quality = await compareFiles({ ...keys, target, generated, progress, signal });
      return quality && (json ? JSON.stringify(quality, null, 2) : qualityTable(quality));
    },
  );
