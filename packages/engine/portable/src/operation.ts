// The one table of operations: name and schema, forward, derivative.
import { missing } from "./errors.js";
import { parseSchema, type Schema } from "./schema.js";
import type { TensorImpl } from "./tensor.js";

/** What an operation gives. */
export type Result =
  | TensorImpl
  | (TensorImpl | null)[]
  | TensorImpl[]
  | number
  | boolean
  | undefined;

/** From gradients of the results to gradients of the tensor arguments, with lists flattened, in schema order. */
export type Backward = (
  ...grads: (TensorImpl | null)[]
) => readonly (TensorImpl | null | undefined)[];

/** What a derivative may keep and ask. */
export interface Tracing {
  /** Keeps a tensor for the backward pass, which refuses it if its values have changed by then. */
  save(t: TensorImpl): () => TensorImpl;
  /** Keeps a result. */
  saveResult(index?: number): () => TensorImpl;
  /** Whether the gradient of this tensor argument is wanted. */
  needs(index: number): boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: each operation has arguments of its own
type Arguments = any[];

/** Facts of an operation in addition to its schema and its forward function. */
export interface Traits {
  /** Null: no gradient passes through it. Missing: a gradient is an error. */
  derivative?: ((tracing: Tracing, ...args: Arguments) => Backward) | null;
  /** Composed of other operations, which autograd and recordings see instead. */
  isComposite?: boolean;
  /** Why a recording cannot hold it. */
  unrecordable?: string;
  /** It only looks at the elements of its argument in another way. */
  isView?: boolean;
}

/** An operation of the table. */
export interface TableOperation extends Schema, Traits {
  full: string;
  text: string;
  forward: (...args: Arguments) => Result;
  /** Positions of arguments that it writes to. */
  written: number[];
  /** Position of its generator, or −1. */
  generator: number;
}

/** All operations by full name, such as `aten::add.Tensor`. */
export const operations: Map<string, TableOperation> = new Map();

/** Adds an operation. */
export function define(
  text: string,
  forward: (...args: Arguments) => Result,
  traits: Traits = {},
): void {
  const schema = parseSchema(text);
  const full = schema.overload ? `${schema.name}.${schema.overload}` : schema.name;
  const written = schema.args.flatMap((arg, i) => (arg.isWritten ? [i] : []));
  const generator = schema.args.findIndex((arg) => arg.type === "Generator");
  operations.set(full, { ...schema, ...traits, full, text, forward, written, generator });
}

/** Adds several composite operations. */
export function compose(table: Readonly<Record<string, (...args: Arguments) => Result>>): void {
  for (const [text, forward] of Object.entries(table)) define(text, forward, { isComposite: true });
}

/** Carries operations out, with autograd and recordings; set by perform.ts. */
export const performer: { perform(op: TableOperation, args: Arguments): Result } = {
  perform: (op, args) => op.forward(...args),
};

/**
 * The operation of that full name; `aten::` is optional.
 * @throws {TorchError} `ERR_TORCH_MISSING_OP`
 */
function operationNamed(name: string): TableOperation {
  const full = name.includes("::") ? name : `aten::${name}`;
  return operations.get(full) ?? missing(full);
}

/** Carries out an operation with all of its arguments; missing trailing ones get their defaults. */
export function run<T extends Result = TensorImpl>(name: string, ...args: Arguments): T {
  const op = operationNamed(name);
  for (let i = args.length; i < op.args.length; i++) args.push(op.args[i].fallback ?? null);
  return performer.perform(op, args) as T;
}
