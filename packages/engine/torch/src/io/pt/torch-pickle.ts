// The names that a pickle of torch.save may use. A pickle calls functions by name: others are refused, and ours only
// build values.
import { formatError, type TorchError } from "../../binding/errors.js";
import { type DType, elementCount } from "../raw.js";

/** A function that a pickle may call. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[], source: string) => unknown,
  ) {}
}

/** The elements that one or several tensors share, by their key in the file. */
export class StorageReference {
  /** Tensors that share these elements. */
  uses = 0;

  constructor(
    readonly key: string,
    readonly dtype: DType,
    readonly numel: number,
  ) {}
}

/** A tensor as a view of a storage; `offset` and `strides` count elements. */
export class TensorReference {
  constructor(
    readonly storage: StorageReference,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  /** The number of elements of the shape. */
  get numel(): number {
    return elementCount(this.shape);
  }
}

class StorageType {
  constructor(readonly dtype: DType) {}
}

/** Python's `collections.OrderedDict`, which state dicts are. */
export class OrderedDict extends Map<unknown, unknown> {}

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const taking = (name: string, make: (args: readonly unknown[]) => unknown): Callable =>
  new Callable(name, (args, source) => {
    const value = make(args);
    if (value !== undefined) return value;
    const problem = `its pickle calls ${name} with arguments that it does not take`;
    throw formatError("InvalidValue", source, problem);
  });

const callables = [
  taking("collections.OrderedDict", ({ length }) => (length === 0 ? new OrderedDict() : undefined)),
  new Callable("torch._utils._rebuild_tensor_v2", rebuildTensor),
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
for (const [type, dtype] of Object.entries(storageTypes)) {
  globals.set(`torch.${type}`, new StorageType(dtype));
  globals.set(`torch.${dtype}`, `torch.${dtype}`);
}

/**
 * Resolves the references of one pickle to storages outside of it.
 * @throws {TorchError}
 */
export function storageReader(source: string): (id: readonly unknown[]) => StorageReference {
  const storages = new Map<string, StorageReference>();
  return (id) => {
    const storage = readStorage(id, source);
    const known = storages.get(storage.key) ?? storage;
    storages.set(storage.key, known);
    if (known.dtype === storage.dtype && known.numel === storage.numel) return known;
    throw formatError(
      "SizeMismatch",
      source,
      `storage ${known.key} is ${known.dtype}[${known.numel}] and ${storage.dtype}[${storage.numel}]: expected one of both`,
    );
  };
}

/** Whether a value is a constant of the program, which cannot be part of a result. */
export const isInternal = (value: unknown): boolean =>
  [Callable, StorageType, StorageReference].some((kind) => value instanceof kind);

/**
 * The function or constant of a Python name.
 * @throws {TorchError} for other names.
 */
export function resolveGlobal(module: string, name: string, source: string): unknown {
  const full = `${module}.${name}`;
  const value = globals.get(full);
  if (value !== undefined) return value;
  if (/^torch\.(\w+\.)?\w*Storage$/.test(full) || full === "torch._utils._rebuild_tensor_v3")
    throw formatError(
      "UnknownDtype",
      source,
      `holds elements of ${full}: expected one of ${Object.keys(storageTypes).join(", ")}; convert them with .to(…) and save again`,
    );
  throw formatError(
    "UnknownName",
    source,
    `its pickle uses ${full}, which is refused because a pickle can run any code by such a name: expected tensors, ` +
      "dictionaries, lists, numbers and strings only; save model.state_dict() by itself",
  );
}

function readStorage(id: readonly unknown[], source: string): StorageReference {
  const [kind, type, key, location, numel, view] = id;
  const isWhole = isCount(numel) && (view ?? null) === null && typeof location === "string";
  if (kind === "storage" && type instanceof StorageType && typeof key === "string" && isWhole)
    return new StorageReference(key, type.dtype, numel);
  const subject = typeof kind === "string" ? `a ${kind.slice(0, 40)}` : "something";
  throw formatError(
    "InvalidValue",
    source,
    `its pickle has a wrong reference to ${subject}: expected a whole storage`,
  );
}

/** Checks a view of a storage before any bytes are read. */
function rebuildTensor(args: readonly unknown[], source: string): TensorReference {
  const refuse = (
    code: "InvalidShape" | "InvalidValue" | "SizeMismatch",
    problem: string,
  ): TorchError => formatError(code, source, `a tensor ${problem}`);
  const [storage, offset, shape, strides, , , metadata] = args;
  const isView =
    (args.length === 6 || args.length === 7) &&
    storage instanceof StorageReference &&
    isCount(offset) &&
    isCounts(shape) &&
    isCounts(strides) &&
    shape.length === strides.length &&
    shape.length <= 64;
  if (!isView)
    throw refuse(
      "InvalidShape",
      "is described wrongly: expected a storage, an offset, sizes and as many strides, none negative",
    );
  if (metadata instanceof Map && metadata.size > 0)
    throw refuse(
      "InvalidValue",
      "is marked as conjugated or negated: save it again after .resolve_conj().resolve_neg()",
    );
  const isEmpty = elementCount(shape, source) === 0;
  const last = shape.reduce((sum, size, d) => sum + (size - 1) * strides[d], offset);
  if (!isEmpty && !(last < storage.numel))
    throw refuse(
      "SizeMismatch",
      `[${shape}] with strides [${strides}] reaches element ${last} of storage ${storage.key}: expected it below ${storage.numel}`,
    );
  storage.uses++;
  return new TensorReference(storage, offset, shape, strides);
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isCount);
