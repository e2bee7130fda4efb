// Samples of a named image set: its held-out split, with the conditions that the run's networks are told.

import { decodeImages, mapConditions } from "@dsbm/bridge";
import { DatasetError, loadTable, prepareTable } from "@dsbm/data";
import { tidy } from "@dsbm/torch";
import { conditionsOf, loading } from "../problem/ends.js";
import { UsageError } from "../terminal/errors.js";
import { checkFinite, type Input, type InputOptions, wanted } from "./input.js";

/** Opens the test split of a set, loaded as the run loads its own. Throws DatasetError as `loadTable`. */
export async function imageSetInput(
  name: string,
  { trained, progress, signal }: InputOptions,
): Promise<Input> {
  const { source } = trained;
  if (source.kind !== "train")
    throw new UsageError(
      `INPUT ${name} is not there: give a .npy file ${wanted(trained)}, or gaussian:N`,
    );
  const { config } = source;
  const options = loading("test", config);
  try {
    await prepareTable(name, {
      ...options,
      progress: ({ done, total }) =>
        progress.update({ label: `decoding ${name}`, step: done, steps: total }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof DatasetError) || error.code !== "UnknownSet") throw error;
    throw new UsageError(`INPUT ${name} is no file or folder here, and ${error.message}`);
  }
  const table = loadTable(name, options);
  const { x } = table;
  if (`${x.shape.slice(1)}` !== `${trained.shape}`)
    throw new UsageError(
      `INPUT ${name} has images [${x.shape.slice(1).join(", ")}]; expected [${trained.shape.join(", ")}], as ${trained.folder} was trained on`,
    );
  x.keep();
  const conditions = conditionsOf(table, config);
  mapConditions(conditions, (t) => t.keep());
  return {
    n: x.size(0),
    about: `${name} (test), ${x.size(0)} images from ${table.source}`,
    names: null,
    conditions: conditions ?? null,
    read: async (first, count) => {
      const rows = tidy(() => {
        const some = x.narrow(0, first, count);
        // Floats pass the decoder as they are, still a view of the table.
        return decodeImages(some).clone().keep();
      });
      checkFinite(rows, first, name);
      return rows;
    },
    close() {
      for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
    },
  };
}
