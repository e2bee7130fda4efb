import {
  type ConditionInfo,
  type Conditions,
  type Samples,
  WebBridgeError,
} from "../bridge/bridge.js";
import type { BridgeDescription, ColumnFacts } from "./description.js";

/** Inputs of networks for the conditions of rows: values [n, c] or class indices [n], and labels [n]. */
export interface GivenRows {
  cond?: { data: Float32Array | Float64Array | BigInt64Array; shape: number[] };
  y?: BigInt64Array;
}

/**
 * Turns conditions by name into inputs of networks. The function throws a WebBridgeError for a missing or wrong condition.
 */
export function conditionsOf({ conditions }: Pick<BridgeDescription, "conditions">) {
  return (values: Conditions, n: number): ((first: number, count: number) => GivenRows) => {
    const { cond, y } = conditions ?? {};
    const name = cond?.column?.name ?? "cond";
    const known = [...(cond ? [name] : []), ...(y ? ["y"] : [])];
    for (const key of Object.keys(values))
      if (!known.includes(key))
        throw new WebBridgeError(
          `conditions.${key} is given; the networks of this bridge take ${known.join(" and ") || "no conditions"}`,
        );
    for (const key of known)
      if (values[key] === undefined)
        throw new WebBridgeError(
          `conditions.${key} is missing; the networks of this bridge need it`,
        );
    const shape = cond && !cond.column ? cond.shape : [];
    const width = shape.reduce((a, b) => a * b, 1);
    const fields =
      cond &&
      (cond.column
        ? ofColumn(cond.column, values[name], n)
        : ofArray(values.cond, [n, ...cond.shape]));
    const classes = y && classesOf(values.y, n, y.classes);
    return (first, count) => ({
      ...(fields && {
        cond: {
          data: fields.subarray(first * width, (first + count) * width),
          shape: [count, ...shape],
        },
      }),
      ...(classes && { y: classes.subarray(first, first + count) }),
    });
  };
}

function values(condition: unknown, name: string, n: number): readonly unknown[] {
  if (!Array.isArray(condition)) return Array.from({ length: n }, () => condition);
  if (condition.length !== n)
    throw new WebBridgeError(`conditions.${name} has ${condition.length} values for ${n} samples`);
  return condition;
}

function ofColumn(
  { name, classes }: ColumnFacts,
  condition: unknown,
  n: number,
): Float64Array | BigInt64Array {
  const all = values(condition, name, n);
  if (!classes)
    return Float64Array.from(all, (value) => {
      if (typeof value !== "number" || !Number.isFinite(value))
        throw new WebBridgeError(`conditions.${name} is ${value}; expected a finite number`);
      return value;
    });
  return BigInt64Array.from(all, (value) => {
    const k = classes.indexOf(String(value));
    if (k < 0)
      throw new WebBridgeError(
        `conditions.${name} is ${JSON.stringify(value)}; expected one of ${classes.join(", ")}`,
      );
    return BigInt(k);
  });
}

function ofArray(condition: unknown, shape: number[]): Float32Array {
  const { data, shape: givenShape } = (condition ?? {}) as Partial<Samples>;
  if (!data || `${givenShape}` !== `${shape}` || data.length !== shape.reduce((a, b) => a * b, 1))
    throw new WebBridgeError(
      `conditions.cond is [${givenShape ?? "no array"}]; expected { data, shape: [${shape}] }`,
    );
  return Float32Array.from(data);
}

function classesOf(condition: unknown, n: number, classes: number): BigInt64Array {
  return BigInt64Array.from(values(condition, "y", n), (value) => {
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= classes)
      throw new WebBridgeError(
        `conditions.y is ${value}; expected a class from 0 to ${classes - 1}`,
      );
    return BigInt(value as number);
  });
}

/** The conditions of a bridge with their classes, for forms. */
export function conditionInfo({
  conditions,
}: Pick<BridgeDescription, "conditions">): ConditionInfo[] {
  const { cond, y } = conditions ?? {};
  const column = cond?.column ?? null;
  const classes = Array.from({ length: y?.classes ?? 0 }, (_, k) => `${k}`);
  return [
    ...(cond
      ? [
          {
            name: column?.name ?? "cond",
            classes: column?.classes ?? null,
            shape: column ? null : cond.shape,
          },
        ]
      : []),
    ...(y ? [{ name: "y", classes, shape: null }] : []),
  ];
}
