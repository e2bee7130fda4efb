// From JavaScript to libtorch's dispatcher and back: handles out, pointers in, errors translated.
import { type Check, checkOf, copyLists } from "./checks.js";
import { lengthOf, TorchError, translate } from "./errors.js";
import { Handle, ptrIn, ptrOf, spares } from "./handle.js";
import { type External, native } from "./native.js";
import { table } from "./table.generated.js";

/** An argument of operations other than a tensor that libtorch knows by a pointer, such as a generator. */
export abstract class Opaque {
  /** The pointer of the native object. */
  abstract pointer(): External;
}

/** An operation of libtorch's dispatcher: `name` such as `aten::add`, and its `overload`. */
export class Op {
  #index = -1;
  /** Checks arguments that libtorch does not check; null for none. */
  readonly check: Check | null;
  constructor(
    readonly name: string,
    readonly overload: string,
  ) {
    this.check = checkOf(name);
  }
  /**
   * The number of the operation in the addon.
   * @throws {TorchError} for an unknown operation.
   */
  get index(): number {
    if (this.#index < 0) this.#index = native.lookup(this.name, this.overload);
    return this.#index;
  }
  /** Name and overload, as in messages. */
  get fullName(): string {
    return this.overload ? `${this.name}.${this.overload}` : this.name;
  }
}

let construct: (ptr: External) => Handle;

/** Sets what makes a tensor of a native pointer; called once, by the class Tensor. */
export function registerTensor(make: (ptr: External) => Handle): void {
  construct = make;
}

function unwrap(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  const ptr = ptrIn(value);
  if (ptr !== undefined) return ptr;
  if (Array.isArray(value)) {
    if (depth > 0)
      throw new TorchError(
        "ERR_TORCH_TYPE",
        "an argument is a list of lists; expected a list of numbers or of tensors",
      );
    const length = lengthOf(value);
    for (let i = 0; i < length; i++) {
      if (typeof value[i] === "object" && value[i] !== null)
        return Array.from({ length }, (_, k) => unwrap(value[k], 1));
    }
    return value;
  }
  if (value instanceof Opaque) return value.pointer();
  return value;
}

/**
 * The result with handles: a pointer of an argument gets the argument's handle, so that no two
 * handles have one pointer.
 */
function rewrap(result: unknown, raw: unknown[], handles: unknown[]): unknown {
  if (typeof result !== "object" || result === null) return result;
  if (Array.isArray(result)) return result.map((one) => rewrap(one, raw, handles));
  const argument = handles[raw.indexOf(result)];
  return argument instanceof Handle ? argument : construct(result as External);
}

function callNative(index: number, spare: External | undefined, raw: unknown[]): unknown {
  switch (raw.length) {
    case 1:
      return native.call(index, spare, raw[0]);
    case 2:
      return native.call(index, spare, raw[0], raw[1]);
    case 3:
      return native.call(index, spare, raw[0], raw[1], raw[2]);
    default:
      return native.call(index, spare, ...raw);
  }
}

function describeArguments(args: unknown[]): string {
  const one = (value: unknown, depth = 0): string => {
    if (value instanceof Handle) {
      if (value.disposed) return "disposed tensor";
      const ptr = ptrOf(value);
      return `${native.dtype(ptr)}[${native.shape(ptr)}]`;
    }
    if (Array.isArray(value)) {
      if (depth > 0) return "list";
      const some = value.slice(0, 4).map((item) => one(item, 1));
      return `[${some.join(", ")}${value.length > 4 ? ", …" : ""}]`;
    }
    if (typeof value === "object" && value !== null) return "object";
    return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value);
  };
  const texts = [...args];
  while (texts.length > 0 && texts[texts.length - 1] === undefined) texts.pop();
  try {
    return `(${texts.map((value) => one(value)).join(", ")})`;
  } catch {
    return "(…)"; // a proxy or a getter that throws: the error to report is the operation's
  }
}

/**
 * Calls an operation with its arguments in schema order (undefined: the schema's default).
 * @throws {TorchError}
 */
// biome-ignore lint/suspicious/noExplicitAny: the generated wrappers give each operation its type
export function invoke(op: Op, ...args: any[]): any {
  let spare: External | undefined;
  try {
    const list = args as unknown[];
    const index = op.index;
    let raw: unknown[] = new Array(list.length);
    for (let i = 0; i < list.length; i++) raw[i] = unwrap(list[i]);
    if (op.check) {
      raw = copyLists(raw);
      op.check(raw);
    }
    spare = spares.pop();
    const result = callNative(index, spare, raw);
    const isUsed = spare !== undefined && result === spare;
    if (isUsed) spare = undefined;
    return isUsed ? construct(result as External) : rewrap(result, raw, list);
  } catch (error) {
    throw translate(error, op.fullName, describeArguments(args));
  } finally {
    if (spare !== undefined) spares.push(spare);
  }
}

const handles = new Map<string, Op>();

/**
 * Calls any operation of libtorch that resizes none of its arguments. Wrong arguments outside `callable` can end the
 * process.
 * @throws {TorchError}
 */
export function callUnchecked(name: string, overload: string, ...args: unknown[]): unknown {
  if (typeof name !== "string" || typeof overload !== "string")
    throw new TorchError(
      "ERR_TORCH_TYPE",
      "call: expected the names of an operation and of its overload as strings",
    );
  const key = `${name}.${overload}`;
  let op = handles.get(key);
  if (!op) {
    op = new Op(name, overload);
    handles.set(key, op);
  }
  return invoke(op, ...args);
}

/**
 * Calls one of the operations of `callable` by its schema name, arguments in schema order: `call("aten::pdist", "",
 * x)`.
 * @throws {TorchError}
 */
export function call(name: string, overload: string, ...args: unknown[]): unknown {
  const isNamed = typeof name === "string" && typeof overload === "string";
  if (isNamed && !callable[name]?.includes(overload)) throw unreachable(name, overload);
  return callUnchecked(name, overload, ...args);
}

/** The operations that `call` reaches: overloads by schema name (`aten::pdist`). */
export const callable: Readonly<Record<string, readonly string[]>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, readonly string[]>,
    Object.fromEntries(
      Object.entries(table).map(([name, { overloads }]) => [
        `aten::${name}`,
        Object.freeze(overloads),
      ]),
    ),
  ),
);

function unreachable(name: string, overload: string): TorchError {
  const full = overload ? `${name}.${overload}` : name;
  if (native.schemas(name).length === 0)
    return new TorchError("ERR_TORCH_MISSING_OP", `${full} is not an operation of this libtorch`, {
      op: full,
    });
  const overloads = callable[name]?.map((o) => `"${o}"`).join(", ");
  return new TorchError(
    "ERR_TORCH_UNSAFE",
    overloads
      ? `call: ${full} is not among the overloads that were tried with wrong arguments (${overloads}): take one of these, or unsafe.call, which may end the process`
      : `call: ${full} is not in the table of operations that were tried with wrong arguments: use unsafe.call, which may end the process`,
    { op: full },
  );
}

/** The schemas of all overloads of an operation, such as "aten::add". */
export function schemas(name: string): string[] {
  return native.schemas(name);
}
