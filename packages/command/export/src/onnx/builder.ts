import type { Attribute, Constant, Graph, Node, OnnxType, Port } from "./model.js";

/** A size of a dimension: fixed, or a multiple of the number of rows. */
export type Size = number | { readonly rows: number };

/** Whether a size depends on the number of rows. */
export const isFree = (size: Size): size is Exclude<Size, number> => typeof size !== "number";

/** Sizes as text, for errors: [N, 3], [32N]. */
export const sizesText = (sizes: readonly Size[]): string =>
  `[${sizes.map((size) => (isFree(size) ? `${size.rows === 1 ? "" : size.rows}N` : size)).join(", ")}]`;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Collects the nodes and constants of a graph; equal constants are stored once. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #known = new Map<string, string>();
  #names = 0;
  #rows: string | null = null;

  /** `counted`: the input whose first dimension is the number of rows. */
  constructor(readonly counted: string) {}

  /** Adds a node with one result, and returns its name. */
  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const node = { op, inputs, outputs: [`v${this.#names++}`], attributes };
    this.#nodes.push(node);
    return node.outputs[0];
  }

  /** The node that made a value; undefined for inputs and constants. */
  maker(name: string): Node | undefined {
    return this.#nodes.findLast(({ outputs }) => outputs[0] === name);
  }

  /** A constant of raw bytes; returns its name. */
  constant(type: OnnxType, shape: readonly number[], bytes: Uint8Array): string {
    const key =
      bytes.length <= 64 ? `${type}[${shape}]${Buffer.from(bytes).toString("hex")}` : null;
    const known = key === null ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const name = `c${this.#names++}`;
    this.#constants.set(name, { name, type, shape, bytes });
    if (key !== null) this.#known.set(key, name);
    return name;
  }

  /** A scalar, or a tensor if a shape is given. */
  numbers(type: OnnxType, values: number | readonly number[], shape?: readonly number[]): string {
    const list = typeof values === "number" ? [values] : values;
    const array =
      type === "int64" ? BigInt64Array.from(list, (v) => BigInt(v)) : arrays[type].from(list);
    const dims = shape ?? (typeof values === "number" ? [] : [list.length]);
    return this.constant(type, dims, new Uint8Array(array.buffer));
  }

  /** A constant vector of int64; returns its name. */
  ints(values: readonly number[]): string {
    return this.numbers("int64", values);
  }

  /** A shape as a vector of int64, computed from the rows if a size is free; returns its name. */
  sizes(sizes: readonly Size[]): string {
    if (!sizes.some(isFree)) return this.ints(sizes as number[]);
    this.#rows ??= this.node("Shape", [this.counted], { start: 0, end: 1 });
    const rows = this.#rows;
    const parts = sizes.map((size) => {
      if (!isFree(size)) return this.ints([size]);
      return size.rows === 1 ? rows : this.node("Mul", [rows, this.ints([size.rows])]);
    });
    return parts.length === 1 ? parts[0] : this.node("Concat", parts, { axis: 0 });
  }

  /** A value in another shape; returns its name. */
  reshape(value: string, sizes: readonly Size[]): string {
    const plain = sizes.filter(isFree).length <= 1 && !sizes.includes(0);
    const shape = plain ? this.ints(sizes.map((s) => (isFree(s) ? -1 : s))) : this.sizes(sizes);
    return this.node("Reshape", [value, shape]);
  }

  /** The graph of these outputs with all their inputs; `outputs` maps names to values. */
  build(
    name: string,
    inputs: readonly Port[],
    outputs: readonly (Port & { value: string })[],
  ): Graph {
    for (const { name: output, value } of outputs)
      this.#nodes.push({ op: "Identity", inputs: [value], outputs: [output], attributes: {} });
    const needed = new Set(outputs.map((port) => port.name));
    const nodes: Node[] = [];
    for (const node of this.#nodes.toReversed()) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      nodes.unshift(node);
      for (const input of node.inputs) needed.add(input);
    }
    const constants = [...this.#constants.values()].filter((constant) => needed.has(constant.name));
    const ports = outputs.map(({ value: _, ...port }) => port);
    return { name, nodes, constants, inputs, outputs: ports };
  }
}
