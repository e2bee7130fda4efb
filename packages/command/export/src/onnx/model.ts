// An ONNX model as bytes (onnx.proto of the ONNX project, IR version 8).
import { ConfigError } from "@dsbm/config";

/** Element types of exported graphs. */
export type OnnxType = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool";

/** The numbers of element types in ONNX's TensorProto. */
export const onnxTypes: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** A named tensor of a graph, as little-endian bytes. */
export interface Constant {
  name: string;
  type: OnnxType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** An attribute of a node: an integer, `{ float }`, a text or integers. */
export type Attribute = number | { float: number } | string | readonly number[];

/** An operation of a graph; values are named. */
export interface Node {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output of a graph; a text is the name of a free size. */
export interface Port {
  name: string;
  type: OnnxType;
  shape: readonly (number | string)[];
}

/** A graph of ONNX, as `encodeModel` writes it. */
export interface Graph {
  name: string;
  nodes: readonly Node[];
  constants: readonly Constant[];
  inputs: readonly Port[];
  outputs: readonly Port[];
}

interface Model {
  graph: Graph;
  about: string;
  metadata: Readonly<Record<string, string>>;
}

/** Protobuf messages have at most 2³¹ − 1 bytes, and not all are weights. */
const mostBytes = 2 ** 31 - 2 ** 24;

/**
 * Encodes a model.
 * @throws {ConfigError} for weights of more than 2 GB.
 */
export function encodeModel({ graph, about, metadata }: Model): Uint8Array {
  const bytes = graph.constants.reduce((sum, constant) => sum + constant.bytes.length, 0);
  if (bytes > mostBytes)
    throw new ConfigError(
      `the weights have ${Math.ceil(bytes / 1e9)} GB, but an ONNX file holds at most 2 GB`,
    );
  const message = new Message()
    .int(1, 8)
    .data(2, "dsbm")
    .data(6, about)
    .message(7, graphMessage(graph))
    .message(8, new Message().data(1, "").int(2, 17));
  for (const [key, value] of Object.entries(metadata))
    message.message(14, new Message().data(1, key).data(2, value));
  return Buffer.concat(message.chunks);
}

function graphMessage(graph: Graph): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.data(2, graph.name);
  for (const constant of graph.constants) message.message(5, constantMessage(constant));
  for (const port of graph.inputs) message.message(11, portMessage(port));
  for (const port of graph.outputs) message.message(12, portMessage(port));
  return message;
}

function nodeMessage({ op, inputs, outputs, attributes }: Node): Message {
  const message = new Message();
  for (const name of inputs) message.data(1, name);
  for (const name of outputs) message.data(2, name);
  message.data(3, outputs[0]).data(4, op);
  for (const [name, value] of Object.entries(attributes))
    message.message(5, attributeMessage(name, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().data(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, 2);
  if (typeof value === "string") return message.data(4, value).int(20, 3);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  for (const n of value) message.int(8, n);
  return message.int(20, 7);
}

const constantMessage = ({ name, type, shape, bytes }: Constant): Message =>
  new Message().packed(1, shape).int(2, onnxTypes[type]).data(8, name).data(9, bytes);

function portMessage({ name, type, shape }: Port): Message {
  const dims = new Message();
  for (const size of shape)
    dims.message(
      1,
      typeof size === "number" ? new Message().int(1, size) : new Message().data(2, size),
    );
  const tensor = new Message().int(1, onnxTypes[type]).message(2, dims);
  return new Message().data(1, name).message(2, new Message().message(1, tensor));
}

class Message {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;

  #push(chunk: Uint8Array): void {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  #key(field: number, type: 0 | 2 | 5): void {
    this.#push(varint(BigInt((field << 3) | type)));
  }

  int(field: number, value: number | bigint): this {
    this.#key(field, 0);
    this.#push(varint(BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#key(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
    return this;
  }

  /** Text, or raw bytes. */
  data(field: number, value: string | Uint8Array): this {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    this.#key(field, 2);
    this.#push(varint(BigInt(bytes.length)));
    this.#push(bytes);
    return this;
  }

  message(field: number, inner: Message): this {
    this.#key(field, 2);
    this.#push(varint(BigInt(inner.bytes)));
    for (const chunk of inner.chunks) this.#push(chunk);
    return this;
  }

  packed(field: number, values: readonly (number | bigint)[]): this {
    const inner = new Message();
    for (const value of values) inner.#push(varint(BigInt(value)));
    return this.message(field, inner);
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
