import { decodeImages, mapConditions } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { DatasetError, loadTable, prepareTable } from "@dsbm/data";
import { conditionsOf, loading } from "@dsbm/problem";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Trained } from "../trained.js";
import { readProjection } from "../units.js";
import type { Input, InputOptions } from "./input.js";

/** Opens the test split of a dataset, loaded as the run does. */
export async function namedInput(
  name: string,
  { trained, direction, progress, signal }: InputOptions,
): Promise<Input> {
  const { config } = trained;
  const options = loading("test", direction === "f" ? "x0" : "x1", config);
  try {
    await prepare(name, options, { progress, signal });
  } catch (error) {
    if (!(error instanceof DatasetError) || error.code !== "UnknownSet") throw error;
    throw new ConfigError("usage", `NEW ${name} is no file or folder here, and ${error.message}`);
  }
  const table = loadTable(name, options);
  const x = config.data.components === null ? table.x : projected(table.x, trained);
  if (`${x.shape.slice(1)}` !== `${trained.shape}`)
    throw new ConfigError(
      "usage",
      `NEW ${name} has samples [${x.shape.slice(1).join(", ")}]; expected [${trained.shape.join(", ")}], as ${trained.folder} was trained on`,
    );
  x.keep();
  const conditions = conditionsOf(table, config);
  mapConditions(conditions, (t) => t.keep());
  return {
    n: x.size(0),
    about: `${name} (test), ${x.size(0)} samples from ${table.source}`,
    conditions,
    read: async (first, count) => {
      // The decoder returns floats unchanged, a view of the table.
      const rows = () => decodeImages(x.narrow(0, first, count));
      return { x: tidy(() => rows().clone().keep()) };
    },
    [Symbol.dispose]() {
      for (const t of [x, conditions?.cond, conditions?.y]) t?.dispose();
    },
  };
}

/** Prepares a dataset and shows the progress. */
export function prepare(
  name: string,
  options: ReturnType<typeof loading>,
  { progress, signal }: Pick<InputOptions, "progress" | "signal">,
): Promise<void> {
  return prepareTable(name, {
    ...options,
    progress: ({ done, total }) =>
      progress.update({
        label: `decoding ${name}`,
        step: done,
        ...(total !== null && { steps: total }),
      }),
    ...(signal && { signal }),
  });
}

function projected(x: Tensor, { folder }: Trained): Tensor {
  const projection = readProjection(folder);
  try {
    return tidy(() => projection.project(decodeImages(x)).keep());
  } finally {
    projection.dispose();
  }
}
