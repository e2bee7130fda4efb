// The conditions that networks take beside the samples: from files, one class for all, or those of the input itself.
import { existsSync } from "node:fs";
import type { Conditions } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import { full, io, type Tensor, tidy } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";
import type { Input } from "./input.js";
import type { OpenBridge } from "./open.js";

/** Conditions by rows of the input. */
export interface InputConditions {
  /** Those of rows [first, first + count), the caller's; undefined where networks take none. */
  read(first: number, count: number): Conditions | undefined;
  close(): void;
}

type Part = { read: (first: number, count: number) => Tensor; close: () => void };

/**
 * Opens the conditions of an input. Throws a UsageError where a condition is missing, is not asked for, or does not
 * fit the samples one by one.
 */
export function openConditions(
  { cond, y }: Pick<SampleConfig, "cond" | "y">,
  { bridge, input }: { bridge: OpenBridge; input: Input },
): InputConditions {
  const { folder, conditioning } = bridge.trained;
  if (conditioning.channels === 0 && cond !== null)
    throw new UsageError(
      `cond=${cond}, but ${folder} was trained without conditions: leave it out`,
    );
  if (!conditioning.classes && y !== null)
    throw new UsageError(`y=${y}, but ${folder} was trained without classes: leave it out`);
  const fields = conditioning.channels > 0 ? fieldsOf(cond, bridge, input) : null;
  let classes: Part | null = null;
  try {
    classes = conditioning.classes ? classesOf(y, bridge, input) : null;
  } catch (error) {
    fields?.close();
    throw error;
  }
  return {
    read(first, count) {
      if (!fields && !classes) return undefined;
      return {
        ...(fields && { cond: fields.read(first, count) }),
        ...(classes && { y: classes.read(first, count) }),
      };
    },
    close() {
      fields?.close();
      classes?.close();
    },
  };
}

function fieldsOf(path: string | null, { trained }: OpenBridge, input: Input): Part {
  const { folder, conditioning, shape } = trained;
  const { n } = input;
  const own = input.conditions?.cond;
  const want = [n, conditioning.channels, ...shape.slice(1)];
  if (path === null && own) return rowsOf(own);
  if (path === null)
    throw new UsageError(
      `${folder} was trained with cdsb=true, so its networks need a condition for each sample: write cond=FILE.npy with float32 [${want.join(", ")}]`,
    );
  const file = openRows("cond", path, { want, dtypes: ["float32", "float64"] });
  return {
    read: (first, count) => {
      const rows = tidy(() => io.fromRaw(file.rows(first, count)).to("float32").keep());
      if (tidy(() => rows.isfinite().all().item())) return rows;
      rows.dispose();
      throw new UsageError(
        `cond=${path} has values that are NaN or infinite in samples ${first} to ${first + count - 1}: repair them`,
      );
    },
    close: () => file.close(),
  };
}

function classesOf(y: SampleConfig["y"], { classes, trained }: OpenBridge, input: Input): Part {
  const { n } = input;
  const own = input.conditions?.y;
  const range = `0 to ${classes - 1}, the classes of ${trained.folder} in their order`;
  if (typeof y === "number") {
    if (y >= classes) throw new UsageError(`y=${y}: expected a class from ${range}`);
    return {
      read: (_, count) => full([count], y, { dtype: "int64" }).keep(),
      close: () => {},
    };
  }
  if (y === null && own) return rowsOf(own);
  if (y === null)
    throw new UsageError(
      `${trained.folder} was trained with model.class_cond=true, so its networks need a class for each sample: write y=0 for all, or y=FILE.npy with int64 [${n}]`,
    );
  const file = openRows("y", y, {
    want: [n],
    dtypes: ["int64", "int32", "int16", "int8", "uint8"],
  });
  return {
    read: (first, count) => {
      const rows = tidy(() => io.fromRaw(file.rows(first, count)).to("int64").keep());
      const odd = rows.toNumbers().findIndex((k) => k < 0 || k >= classes);
      if (odd < 0) return rows;
      const found = rows.toNumbers()[odd];
      rows.dispose();
      throw new UsageError(`y=${y}: class ${found} of sample ${first + odd}; expected ${range}`);
    },
    close: () => file.close(),
  };
}

/** Rows of a table of the input's own, which it closes itself. */
const rowsOf = (table: Tensor): Part => ({
  read: (first, count) => tidy(() => table.narrow(0, first, count).clone().keep()),
  close: () => {},
});

function openRows(
  key: string,
  path: string,
  { want, dtypes }: { want: readonly number[]; dtypes: readonly string[] },
): io.npy.NpyFile {
  if (!existsSync(path))
    throw new UsageError(`${key}=${path} is not there: give a .npy file [${want.join(", ")}]`);
  const file = io.npy.open(path);
  const { dtype, shape } = file;
  if (dtypes.includes(dtype) && `${shape}` === `${want}`) return file;
  file.close();
  throw new UsageError(
    `${key}=${path} is ${dtype} [${shape.join(", ")}]; expected ${dtypes[0]} [${want.join(", ")}], one row for each sample of INPUT`,
  );
}
