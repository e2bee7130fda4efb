// An ONNX model as bytes (onnx.proto of the ONNX project, IR version 8).
import { ConfigError } from "@dsbm/config";
import { Message } from "./wire.js";

export type OnnxType = "float32" | "float64" | "int64" | "int32" | "uint8" | "bool";

export const onnxTypes: Readonly<Record<OnnxType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

export interface Constant {
  name: string;
  type: OnnxType;
  shape: readonly number[];
  bytes: Uint8Array;
}

export type Attribute = number | { float: number } | string | readonly number[];

export interface Node {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

export interface Port {
  name: string;
  type: OnnxType;
  shape: readonly (number | string)[];
}

export interface Graph {
  name: string;
  nodes: readonly Node[];
  constants: readonly Constant[];
  inputs: readonly Port[];
  outputs: readonly Port[];
}

export interface Model {
  graph: Graph;
  about: string;
  metadata: Readonly<Record<string, string>>;
}

/** Protobuf messages have at most 2³¹ − 1 bytes, and not all are weights. */
const mostBytes = 2 ** 31 - 2 ** 24;

/** Encodes a model. Throws a ConfigError for weights of more than 2 GB. */
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
