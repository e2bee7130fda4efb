import { ConfigError } from "@dsbm/config";
import { type GraphBuilder, isFree, type Size, sizesText } from "./onnx/builder.js";
import { type OnnxType, onnxTypes } from "./onnx/model.js";
import type { Trace, TracedValue, TraceSlot, TraceStep } from "./trace.js";

/** Adds the nodes of an operation; returns the name of its result, or of each result. */
export type Converter = (op: Operation) => string | (string | null)[];

/** What an operation reads: the graph so far, the slots of the trace, and the name of a slot's value. */
export interface Facts {
  graph: GraphBuilder;
  trace: Pick<Trace, "slots">;
  read: (slot: number) => string;
}

/** A recorded operation with its arguments, as converters read it. */
export class Operation {
  constructor(
    readonly step: TraceStep,
    readonly facts: Facts,
  ) {}

  /** The graph to which nodes are added. */
  get graph(): GraphBuilder {
    return this.facts.graph;
  }

  /** Names the operation and why it cannot be exported. */
  refused(why: string): ConfigError {
    return new ConfigError(
      `${this.step.name} cannot be exported to ONNX: ${why}; choose another network or method`,
    );
  }

  #slot(slot: number): TraceSlot {
    return this.facts.trace.slots[slot];
  }

  /** Whether an argument is there and not null. */
  has(name: string): boolean {
    const arg = this.step.args[name];
    return arg !== undefined && !("value" in arg && arg.value === null);
  }

  /**
   * The sizes of a tensor.
   * @throws if the argument is no tensor.
   */
  shape(name: string): Size[] {
    const arg = this.step.args[name];
    if (!arg || !("slot" in arg)) throw this.refused(`${name} is no tensor`);
    return this.#slot(arg.slot).shape;
  }

  /**
   * The sizes of dimensions `from` on.
   * @throws if a size is free.
   */
  fixed(name: string, from = 0): number[] {
    const sizes = this.shape(name).slice(from);
    if (sizes.some(isFree)) throw this.refused(`${name} has the shape ${sizesText(sizes)}`);
    return sizes as number[];
  }

  /**
   * The sizes of a result.
   * @throws if the operation has no such result.
   */
  resultShape(i = 0, k = 0): Size[] {
    const slot = this.step.results[i]?.[k];
    if (slot === undefined || slot < 0) throw this.refused("it has no result");
    return this.#slot(slot).shape;
  }

  /** The element type of the result. */
  get type(): OnnxType {
    return this.#typeOf(this.step.results[0]?.[0]);
  }

  #typeOf(slot: number): OnnxType {
    const { dtype } = this.#slot(slot);
    if (dtype in onnxTypes) return dtype as OnnxType;
    throw this.refused(`it has numbers of ${dtype}`);
  }

  /**
   * A tensor, or a number as a scalar; cast to `type` if it differs.
   * @throws for a missing argument and for other values.
   */
  value(name: string, type?: OnnxType): string {
    const arg = this.step.args[name];
    if (arg && "slot" in arg) return this.#read(arg.slot, type);
    const value = arg && "value" in arg ? arg.value : undefined;
    if (typeof value === "number" || typeof value === "boolean")
      return this.graph.numbers(type ?? this.type, Number(value));
    throw this.refused(`${name} is ${value === undefined ? "missing" : JSON.stringify(value)}`);
  }

  /** Returns the existing tensors of these names. */
  present(...names: readonly string[]): string[] {
    return names.filter((name) => this.has(name)).map((name) => this.value(name));
  }

  /** A value times a number; the value itself for 1. */
  times(value: string, factor: number): string {
    if (factor === 1) return value;
    return this.graph.node("Mul", [value, this.graph.numbers(this.type, factor)]);
  }

  /**
   * The values of a list of tensors.
   * @throws for another argument.
   */
  values(name: string, type?: OnnxType): string[] {
    const arg = this.step.args[name];
    if (!arg || !("slots" in arg)) throw this.refused(`${name} is no list of tensors`);
    return arg.slots.map((slot) => this.#read(slot, type));
  }

  #read(slot: number, type?: OnnxType): string {
    const { held, isNumber } = this.#slot(slot);
    if (isNumber && held) return this.graph.numbers(type ?? this.type, Number(held.item()));
    const value = this.facts.read(slot);
    return type === undefined || this.#typeOf(slot) === type
      ? value
      : this.graph.node("Cast", [value], { to: onnxTypes[type] });
  }

  /** The element type of a tensor; undefined for a number. */
  typeOf(name: string): OnnxType | undefined {
    const arg = this.step.args[name];
    if (!arg || !("slot" in arg) || this.#slot(arg.slot).isNumber) return undefined;
    return this.#typeOf(arg.slot);
  }

  /**
   * A value other than a tensor; `fallback` if it is null.
   * @throws if it is missing without a fallback.
   */
  plain<V extends TracedValue>(name: string, fallback?: V): V {
    const arg = this.step.args[name];
    const value = arg && "value" in arg ? arg.value : undefined;
    if (value !== undefined && value !== null) return value as V;
    if (fallback !== undefined) return fallback;
    throw this.refused(`${name} is missing`);
  }

  /**
   * A number.
   * @throws if it depends on the number of rows.
   */
  number(name: string, fallback?: number): number {
    const value = this.plain<TracedValue>(name, fallback);
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw this.refused(`${name} depends on the number of rows`);
  }

  /**
   * A list of numbers.
   * @throws if one depends on the number of rows.
   */
  numbers(name: string, fallback?: readonly number[]): number[] {
    const list = this.plain<readonly TracedValue[]>(name, fallback);
    if (!list.every((value) => typeof value === "number"))
      throw this.refused(`${name} depends on the number of rows`);
    return list as number[];
  }

  /** A dimension, counted from the front. */
  dim(name: string, of: number, fallback?: number): number {
    const dim = this.number(name, fallback);
    return dim < 0 ? dim + of : dim;
  }

  /** The argument `dim` of `self`, counted from the front. */
  axis(fallback?: number): number {
    return this.dim("dim", this.shape("self").length, fallback);
  }
}
