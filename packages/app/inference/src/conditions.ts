import { type Conditions, mapConditions } from "@dsbm/bridge";
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { type ColumnCondition, classLabel, encodeCondition, mapArray } from "@dsbm/data";
import { full, tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "./bridge.js";
import type { Input } from "./input/input.js";

/**
 * Opens the conditions of a whole input, from files or from its dataset. Returns what reads those
 * of rows [first, first + count); the caller owns them.
 */
export function openConditions(
  { cond, y }: Pick<SampleConfig, "cond" | "y">,
  { bridge, input }: { bridge: Bridge; input: Input },
): (first: number, count: number) => Conditions | undefined {
  const { folder, conditioning, columns, shape } = bridge.trained;
  const { classes } = bridge;
  const inRows = input.table !== undefined && columns?.condition != null;
  const refuse = (problem: string) => new ConfigError(problem);
  const channels = inRows ? 0 : conditioning.channels;
  if (conditioning.channels === 0 && cond !== null)
    throw refuse(`cond=${cond}, but ${folder} was trained without conditions: leave it out`);
  if (inRows && cond !== null)
    throw refuse(
      `cond=${cond}, but the condition of ${folder} is the column ${columns.condition?.name} of NEW: leave it out`,
    );
  if (classes === 0 && y !== null)
    throw refuse(`y=${y}, but ${folder} was trained without classes: leave it out`);
  const ofFile = (key: "cond" | "y", path: string, want: readonly (number | null)[]) => {
    const x = mapArray(path).keep();
    if (`${x.shape}` === `${want}`) return x;
    throw refuse(
      `${key}=${path} is ${x.dtype} [${x.shape.join(", ")}]; expected [${want.join(", ")}], one row for each sample of NEW`,
    );
  };
  const fields = () => {
    const want = [input.n, channels, ...shape.slice(1)];
    if (cond !== null) return ofFile("cond", cond, want);
    if (input.conditions?.cond) return input.conditions.cond;
    throw refuse(
      `${folder} was trained with ${columns ? `data.condition=${columns.condition?.name}` : "cdsb=true"}, so its networks need a condition for each sample: write cond=FILE.npy with float32 [${want.join(", ")}]`,
    );
  };
  const labels = () => {
    const range = `0 to ${classes - 1}, the classes of ${folder} in their order`;
    const isClass = (k: number) => Number.isInteger(k) && k >= 0 && k < classes;
    if (typeof y === "number") {
      if (!isClass(y)) throw refuse(`y=${y}: expected a class from ${range}`);
      return full([input.n as number], y).keep();
    }
    if (y !== null) {
      const all = ofFile("y", y, [input.n]);
      const odd = tidy(() => all.toNumbers()).find((k) => !isClass(k));
      if (odd === undefined) return all;
      throw refuse(`y=${y}: a sample has the class ${odd}; expected ${range}`);
    }
    if (input.conditions?.y) return input.conditions.y;
    throw refuse(
      `${folder} was trained with model.class_cond=true, so its networks need a class for each sample: write y=0 for all, or y=FILE.npy with int64 [${input.n}]`,
    );
  };
  if (channels === 0 && classes === 0) return () => undefined;
  const all: Conditions = {
    ...(channels > 0 && { cond: fields() }),
    ...(classes > 0 && { y: labels() }),
  };
  return (first, count) => {
    const conditions = mapConditions(all, (x) =>
      tidy(() => {
        const rows = x.narrow(0, first, count).to(x === all.y ? "int64" : "float32");
        return rows.clone().keep();
      }),
    );
    if (!conditions?.cond || tidy(() => conditions.cond?.isfinite().all().item()))
      return conditions;
    throw refuse(
      `cond=${cond} has values that are NaN or infinite in samples ${first} to ${first + count - 1}: repair them`,
    );
  };
}

/** Encodes values of a column, from row `first` of the file on; the caller owns them. */
export function encodeConditions(
  condition: ColumnCondition,
  values: Float64Array | string[] | null,
  { path, first }: { path: string; first: number },
): Conditions {
  const { name, classes } = condition;
  const numbers = Float64Array.from(values ?? [], (value: number | string, i: number) => {
    if (typeof value === "number") return value;
    const k = classes?.indexOf(classLabel(value)) ?? -1;
    if (k >= 0) return k;
    throw new ConfigError(
      `${path}: column ${name} has ${JSON.stringify(value)} in row ${first + i + 1}: expected a class that the run was trained with: ${classes?.join(", ")}`,
    );
  });
  using cells = tensor(numbers, { shape: [numbers.length, 1] });
  return { cond: encodeCondition(condition, cells) };
}
