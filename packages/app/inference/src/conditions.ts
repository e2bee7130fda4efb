import { existsSync } from "node:fs";
import type { Conditions } from "@dsbm/bridge";
import type { SampleConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { type DType, full, io, type Tensor, tidy } from "@dsbm/torch";
import type { Bridge } from "./bridge.js";
import type { Input } from "./input/input.js";

interface InputConditions extends Disposable {
  /**
   * Conditions of rows [first, first + count); the caller owns them. Undefined if networks take no
   * condition.
   */
  read(first: number, count: number): Conditions | undefined;
}

interface ConditionedInput extends Pick<Input, "conditions" | "table"> {
  n: number | null;
}

interface Part {
  read(first: number, count: number): Tensor;
  close?(): void;
}

export function openConditions(
  { cond, y }: Pick<SampleConfig, "cond" | "y">,
  { bridge, input }: { bridge: Bridge; input: ConditionedInput },
): InputConditions {
  const { folder, conditioning } = bridge.trained;
  const inRows = input.table !== undefined && bridge.trained.columns?.condition != null;
  if (conditioning.channels === 0 && cond !== null)
    throw new ConfigError(
      "usage",
      `cond=${cond}, but ${folder} was trained without conditions: leave it out`,
    );
  if (inRows && cond !== null)
    throw new ConfigError(
      "usage",
      `cond=${cond}, but the condition of ${folder} is the column ${bridge.trained.columns?.condition?.name} of NEW: leave it out`,
    );
  if (!conditioning.classes && y !== null)
    throw new ConfigError(
      "usage",
      `y=${y}, but ${folder} was trained without classes: leave it out`,
    );
  const parts = new Map<"cond" | "y", Part>();
  const close = () => {
    for (const part of parts.values()) part.close?.();
  };
  try {
    if (conditioning.channels > 0 && !inRows) parts.set("cond", fieldsOf(cond, bridge, input));
    if (conditioning.classes) parts.set("y", classesOf(y, bridge, input));
  } catch (error) {
    close();
    throw error;
  }
  return {
    read(first, count) {
      const rows = [...parts].map(([name, part]) => [name, part.read(first, count)]);
      return rows.length > 0 ? Object.fromEntries(rows) : undefined;
    },
    [Symbol.dispose]: close,
  };
}

function fieldsOf(
  path: string | null,
  { trained }: Bridge,
  { n, conditions }: ConditionedInput,
): Part {
  const { folder, conditioning, shape } = trained;
  const want = [n, conditioning.channels, ...shape.slice(1)];
  if (path !== null)
    return fromFile("cond", path, {
      want,
      dtypes: ["float32", "float64"],
      to: "float32",
      problem: (rows, first) =>
        tidy(() => rows.isfinite().all().item())
          ? null
          : ` has values that are NaN or infinite in samples ${first} to ${first + rows.size(0) - 1}: repair them`,
    });
  if (conditions?.cond) return fromTable(conditions.cond);
  throw new ConfigError(
    "usage",
    `${folder} was trained with ${trained.columns ? `data.condition=${trained.columns.condition?.name}` : "cdsb=true"}, so its networks need a condition for each sample: write cond=FILE.npy with float32 [${want.join(", ")}]`,
  );
}

function classesOf(
  y: SampleConfig["y"],
  { classes, trained }: Bridge,
  { n, conditions }: ConditionedInput,
): Part {
  const range = `0 to ${classes - 1}, the classes of ${trained.folder} in their order`;
  if (typeof y === "number") {
    if (y >= classes) throw new ConfigError("usage", `y=${y}: expected a class from ${range}`);
    return { read: (_, count) => full([count], y, { dtype: "int64" }).keep() };
  }
  if (y !== null)
    return fromFile("y", y, {
      want: [n],
      dtypes: ["int64", "int32", "int16", "int8", "uint8"],
      to: "int64",
      problem(rows, first) {
        const all = rows.toNumbers();
        const odd = all.findIndex((k) => k < 0 || k >= classes);
        return odd < 0 ? null : `: class ${all[odd]} of sample ${first + odd}; expected ${range}`;
      },
    });
  if (conditions?.y) return fromTable(conditions.y);
  throw new ConfigError(
    "usage",
    `${trained.folder} was trained with model.class_cond=true, so its networks need a class for each sample: write y=0 for all, or y=FILE.npy with int64 [${n}]`,
  );
}

const fromTable = (table: Tensor): Part => ({
  read: (first, count) => tidy(() => table.narrow(0, first, count).clone().keep()),
});

interface FileOptions {
  want: readonly (number | null)[];
  dtypes: readonly string[];
  to: DType;
  problem(rows: Tensor, first: number): string | null;
}

function fromFile(key: string, path: string, { want, dtypes, to, problem }: FileOptions): Part {
  if (!existsSync(path))
    throw new ConfigError(
      "usage",
      `${key}=${path} is not there: give a .npy file [${want.join(", ")}]`,
    );
  const file = io.npy.open(path);
  const { dtype, shape } = file;
  if (!dtypes.includes(dtype) || `${shape}` !== `${want}`) {
    file.close();
    throw new ConfigError(
      "usage",
      `${key}=${path} is ${dtype} [${shape.join(", ")}]; expected ${dtypes[0]} [${want.join(", ")}], one row for each sample of NEW`,
    );
  }
  return {
    read(first, count) {
      const rows = tidy(() => io.fromRaw(file.rows(first, count)).to(to).keep());
      const fault = problem(rows, first);
      if (fault === null) return rows;
      rows.dispose();
      throw new ConfigError("usage", `${key}=${path}${fault}`);
    },
    close: () => file.close(),
  };
}
