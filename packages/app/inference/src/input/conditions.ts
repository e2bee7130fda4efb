// The conditions of an input, from files or from its dataset.
import { type Conditions, mapConditions } from "@dsbm/bridge";
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { mapArray } from "@dsbm/data";
import { allFinite, full, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "../bridge.js";
import type { Input } from "./input.js";

type ConditionKeys = Pick<SampleConfig, "cond" | "y">;

/**
 * Opens the conditions of a whole input. Returns a function that reads the conditions of rows [first, first + count);
 * the caller owns them.
 * @throws {ConfigError} for conditions that the run does not take, and for missing ones.
 */
export function openConditions(
  keys: ConditionKeys,
  { bridge, input }: { bridge: Bridge; input: Input },
): (first: number, count: number) => Conditions | undefined {
  const { folder, conditioning, columns } = bridge.trained;
  const { cond, y } = keys;
  const inRows = input.table !== undefined && columns?.condition != null;
  const channels = inRows ? 0 : conditioning.channels;
  if (conditioning.channels === 0 && cond !== null)
    throw new ConfigError(
      `cond=${cond}, but ${folder} was trained without conditions: leave it out`,
    );
  if (inRows && cond !== null)
    throw new ConfigError(
      `cond=${cond}, but the condition of ${folder} is the column ${columns.condition?.name} of NEW: leave it out`,
    );
  if (bridge.classes === 0 && y !== null)
    throw new ConfigError(`y=${y}, but ${folder} was trained without classes: leave it out`);
  if (channels === 0 && bridge.classes === 0) return () => undefined;
  const all: Conditions = {
    ...(channels > 0 && { cond: fieldsOf(cond, { bridge, input, channels }) }),
    ...(bridge.classes > 0 && { y: labelsOf(y, { bridge, input }) }),
  };
  return (first, count) => rowsOf(all, { first, count, cond });
}

function rowsOf(
  all: Conditions,
  { first, count, cond }: { first: number; count: number } & Pick<ConditionKeys, "cond">,
): Conditions | undefined {
  const conditions = mapConditions(all, (x) =>
    tidy(() => {
      const rows = x.narrow(0, first, count).to(x === all.y ? "int64" : "float32");
      return rows.clone().keep();
    }),
  );
  if (!conditions?.cond || allFinite(conditions.cond)) return conditions;
  throw new ConfigError(
    `cond=${cond} has values that are NaN or infinite in samples ${first} to ${first + count - 1}: repair them`,
  );
}

function arrayOf(
  key: keyof ConditionKeys,
  path: string,
  shape: readonly (number | null)[],
): Tensor {
  const x = mapArray(path).keep();
  if (`${x.shape}` === `${shape}`) return x;
  throw new ConfigError(
    `${key}=${path} is ${x.dtype} [${x.shape.join(", ")}]; expected [${shape.join(", ")}], one row for each sample of NEW`,
  );
}

/** Fields or columns [n, C′, …] of a file, or of the input's dataset. */
function fieldsOf(
  cond: ConditionKeys["cond"],
  { bridge, input, channels }: { bridge: Bridge; input: Input; channels: number },
): Tensor {
  const { folder, columns, shape } = bridge.trained;
  const { season } = bridge.trained.config.data;
  const expected = [input.n, channels, ...(season ? [] : shape.slice(1))];
  if (cond !== null) return arrayOf("cond", cond, expected);
  if (input.conditions?.cond) return input.conditions.cond;
  if (season)
    throw new ConfigError(
      `${folder} was trained with data.season=true, and NEW has no dates: expected times with units such as "days since 1950-01-01"`,
    );
  throw new ConfigError(
    `${folder} was trained with ${columns ? `data.condition=${columns.condition?.name}` : "cdsb=true"}, so its networks need a condition for each sample: write cond=FILE.npy with float32 [${expected.join(", ")}]`,
  );
}

/** Class labels [n]: one for all, of a file, or of the input's dataset. */
function labelsOf(
  y: ConditionKeys["y"],
  { bridge, input }: { bridge: Bridge; input: Input },
): Tensor {
  const { folder } = bridge.trained;
  const { classes } = bridge;
  const range = `0 to ${classes - 1}, the classes of ${folder} in their order`;
  const isClass = (k: number) => Number.isInteger(k) && k >= 0 && k < classes;
  if (typeof y === "number") {
    if (!isClass(y)) throw new ConfigError(`y=${y}: expected a class from ${range}`);
    return full([input.n as number], y).keep();
  }
  if (y !== null) {
    const all = arrayOf("y", y, [input.n]);
    const odd = tidy(() => all.toNumbers()).find((k) => !isClass(k));
    if (odd === undefined) return all;
    throw new ConfigError(`y=${y}: a sample has the class ${odd}; expected ${range}`);
  }
  if (input.conditions?.y) return input.conditions.y;
  throw new ConfigError(
    `${folder} was trained with model.class_cond=true, so its networks need a class for each sample: write y=0 for all, or y=FILE.npy with int64 [${input.n}]`,
  );
}
