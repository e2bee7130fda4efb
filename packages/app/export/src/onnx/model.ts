// An ONNX model as bytes (onnx.proto of the ONNX project, IR version 8).
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

export type Attribute = number | { float: number } | string | readonly number[] | Graph;

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

export interface EncodedModel {
  model: Uint8Array[];
  /** Bytes of the weights in order; null if they are inside the model. */
  weights: Uint8Array[] | null;
}

/** Protobuf messages have at most 2³¹ − 1 bytes, and not all are weights. */
const mostBytes = 2 ** 31 - 2 ** 24;
const small = 1024;
/** Weights begin at multiples of this number, so that they can be mapped into memory. */
const page = 4096;

export const weightsName = (model: string): string => `${model}.data`;

/** Whether the weights have more than `limit` bytes and go to a separate file. */
export const isApart = ({ constants }: Graph, limit = mostBytes): boolean =>
  constants.reduce((sum, { bytes }) => sum + bytes.length, 0) > limit &&
  constants.some(({ bytes }) => bytes.length >= small);

type Places = ReadonlyMap<string, { offset: number; length: number }>;

/**
 * Encodes a model. Weights of more than `limit` bytes go to a second file in the model's folder.
 */
export function encodeModel(
  { graph, about, metadata }: Model,
  { beside, limit = mostBytes }: { beside: string; limit?: number | undefined },
): EncodedModel {
  const places = new Map<string, { offset: number; length: number }>();
  const weights: Uint8Array[] = [];
  if (isApart(graph, limit)) {
    let offset = 0;
    for (const { name, bytes } of graph.constants) {
      if (bytes.length < small) continue;
      places.set(name, { offset, length: bytes.length });
      const padding = (page - (bytes.length % page)) % page;
      weights.push(bytes, new Uint8Array(padding));
      offset += bytes.length + padding;
    }
  }
  const message = new Message()
    .int(1, 8)
    .data(2, "dsbm")
    .data(6, about)
    .message(7, graphMessage(graph, { places, beside }))
    .message(8, new Message().data(1, "").int(2, 17));
  for (const pair of Object.entries(metadata)) message.message(14, pairMessage(pair));
  return { model: message.chunks, weights: places.size > 0 ? weights : null };
}

const pairMessage = ([key, value]: [string, string]) => new Message().data(1, key).data(2, value);

function graphMessage(graph: Graph, stored: { places: Places; beside: string }): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeMessage(node));
  message.data(2, graph.name);
  for (const constant of graph.constants) message.message(5, constantMessage(constant, stored));
  for (const port of graph.inputs) message.message(11, portMessage(port));
  for (const port of graph.outputs) message.message(12, portMessage(port));
  return message;
}

function nodeMessage({ op, inputs, outputs, attributes }: Node): Message {
  const message = new Message();
  for (const name of inputs) message.data(1, name);
  for (const name of outputs) message.data(2, name);
  message.data(3, outputs[0] as string).data(4, op);
  for (const [name, value] of Object.entries(attributes))
    message.message(5, attributeMessage(name, value));
  return message;
}

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().data(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, 2);
  if (typeof value === "string") return message.data(4, value).int(20, 3);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  if ("nodes" in value)
    return message.message(6, graphMessage(value, { places: new Map(), beside: "" })).int(20, 5);
  for (const n of value) message.int(8, n);
  return message.int(20, 7);
}

function constantMessage(
  { name, type, shape, bytes }: Constant,
  { places, beside }: { places: Places; beside: string },
): Message {
  const message = new Message().packed(1, shape).int(2, onnxTypes[type]).data(8, name);
  const place = places.get(name);
  if (!place) return message.data(9, bytes);
  const { offset, length } = place;
  for (const pair of Object.entries({ location: beside, offset: `${offset}`, length: `${length}` }))
    message.message(13, pairMessage(pair));
  return message.int(14, 1);
}

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
