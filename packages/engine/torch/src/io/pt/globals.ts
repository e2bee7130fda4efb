// The names that a pickle may use. A pickle is a program: its names are functions that it calls,
// os.system as well as any other. Here a name that is not in this list is refused, and the names that
// are in it are functions of ours, which only build values.
import { FormatError } from "../errors.js";
import type { DType } from "../raw.js";
import { StorageReference, type Storages, TensorReference, tensorReference } from "./references.js";
import { Callable, type Dialect } from "./unpickle.js";

/** The class of a storage, with the dtype of its elements. */
class StorageType {
  constructor(readonly dtype: DType) {}
}

/** collections.OrderedDict, the only object whose attributes a pickle may set (`_metadata`): they are dropped. */
class OrderedDict extends Map<unknown, unknown> {}

/** PyTorch's names of the storages of each dtype, in the module torch. */
export const storageTypes: Readonly<Record<DType, string>> = {
  float32: "FloatStorage",
  float64: "DoubleStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
  int32: "IntStorage",
  int16: "ShortStorage",
  int8: "CharStorage",
  uint8: "ByteStorage",
  bool: "BoolStorage",
};

/** A function of ours that gives undefined for arguments that it does not take. */
const taking = (name: string, make: (args: readonly unknown[]) => unknown): Callable =>
  new Callable(name, (args, source) => {
    const value = make(args);
    if (value !== undefined) return value;
    const problem = `its pickle calls ${name} with arguments that it does not take`;
    throw new FormatError("InvalidValue", source, problem);
  });

const callables = [
  taking("collections.OrderedDict", ({ length }) => (length === 0 ? new OrderedDict() : undefined)),
  new Callable("torch._utils._rebuild_tensor_v2", tensorReference),
  taking("torch._utils._rebuild_parameter", ([data, ...more]) =>
    data instanceof TensorReference && more.length === 2 ? data : undefined,
  ),
  taking("torch.Size", ([sizes, ...more]) =>
    Array.isArray(sizes) && more.length === 0 ? sizes : undefined,
  ),
  taking("torch.device", ([kind, ...index]) => {
    if (typeof kind !== "string" || index.length > 1) return undefined;
    if (index.length === 0) return kind;
    return typeof index[0] === "number" ? `${kind}:${index[0]}` : undefined;
  }),
];

const globals = new Map<string, unknown>(callables.map((callable) => [callable.name, callable]));
for (const [dtype, type] of Object.entries(storageTypes)) {
  globals.set(`torch.${type}`, new StorageType(dtype as DType));
  globals.set(`torch.${dtype}`, `torch.${dtype}`);
}

/** The pickles of torch.save, whose tensors refer to storages outside of them. */
export function stateDicts(storages: Storages): Dialect {
  return {
    kind: "state dicts",
    global: resolveGlobal,
    build: (object, state) => object instanceof OrderedDict && state instanceof Map,
    persistent: ([kind, type, ...rest]) =>
      storages.named(kind, type instanceof StorageType ? type.dtype : undefined, rest),
  };
}

/** Whether a value of the pickle is a constant of the program and no data: it cannot be part of a result. */
export function isInternal(value: unknown): boolean {
  return (
    value instanceof Callable || value instanceof StorageType || value instanceof StorageReference
  );
}

/**
 * What a name stands for: a `Callable`, a `StorageType`, or for a dtype its name as a string.
 *
 * Throws `UnknownName` for every other name, and `UnknownDtype` for storages of other elements.
 */
function resolveGlobal(module: string, name: string, source: string): unknown {
  const full = `${module}.${name}`;
  const found = globals.get(full);
  if (found !== undefined) return found;
  if (/^torch\.(\w+\.)?\w*Storage$/.test(full) || full === "torch._utils._rebuild_tensor_v3") {
    throw new FormatError(
      "UnknownDtype",
      source,
      `holds elements of ${full}: expected one of ${Object.keys(storageTypes).join(", ")}; convert them with .to(…) and save again`,
    );
  }
  throw new FormatError(
    "UnknownName",
    source,
    `its pickle uses ${full}, which is refused because a pickle can run any code by such a name: expected tensors, ` +
      "dictionaries, lists, numbers and strings only; save model.state_dict() by itself",
  );
}
