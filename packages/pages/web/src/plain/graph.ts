// The graph of an ONNX model (protobuf), as far as MLPs need it.
import { WebBridgeError } from "../bridge/bridge.js";

/** All numbers, whatever their type, are float64. */
export interface Value {
  data: Float64Array;
  shape: readonly number[];
}

/** An ONNX graph as far as the plain runtime reads it. */
export interface Graph {
  /** Attributes that are numbers or integers, as lists. */
  nodes: {
    op: string;
    inputs: string[];
    outputs: string[];
    attributes: Record<string, number[]>;
  }[];
  constants: Map<string, Value>;
  inputs: string[];
}

const damagedError = () =>
  new WebBridgeError("the model is damaged; expected an ONNX file of dsbm export");
const viewOf = (x: Uint8Array) => new DataView(x.buffer, x.byteOffset, x.byteLength);

function integer(bytes: Uint8Array, at: { k: number }): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at.k++];
    if (byte === undefined) break;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(BigInt.asIntN(64, value));
  }
  throw damagedError();
}

/** Integers and floats as numbers, all else as bytes. */
function fieldsOf(bytes: Uint8Array) {
  const fields: Record<number, (number | Uint8Array)[]> = {};
  for (const at = { k: 0 }; at.k < bytes.length; ) {
    const key = integer(bytes, at);
    const wire = key & 7;
    let value: number | Uint8Array = wire === 5 ? 4 : integer(bytes, at);
    if (wire === 2 || wire === 5) {
      const piece = bytes.subarray(at.k, at.k + value);
      if (piece.length !== value) throw damagedError();
      at.k += value;
      value = wire === 2 ? piece : viewOf(piece).getFloat32(0, true);
    } else if (wire !== 0) throw damagedError();
    fields[key >>> 3] = [...(fields[key >>> 3] ?? []), value];
  }
  const pieces = (field: number) => (fields[field] ?? []).filter((x) => typeof x !== "number");
  /** One by one, or packed. */
  const numbers = (field: number) =>
    (fields[field] ?? []).flatMap((entry) => {
      const all = typeof entry === "number" ? [entry] : [];
      const at = { k: 0 };
      while (typeof entry !== "number" && at.k < entry.length) all.push(integer(entry, at));
      return all;
    });
  const texts = (field: number) => pieces(field).map((piece) => new TextDecoder().decode(piece));
  return { pieces, numbers, texts, messages: (field: number) => pieces(field).map(fieldsOf) };
}

type MessageFields = ReturnType<typeof fieldsOf>;
const nameIn = (fields: MessageFields, field: number) => fields.texts(field)[0] ?? "";

/** @throws {WebBridgeError} if the bytes are no model. */
export function readGraph(bytes: Uint8Array): Graph {
  const [graph] = fieldsOf(bytes).messages(7);
  if (!graph) throw damagedError();
  const attribute = (a: MessageFields) => [
    nameIn(a, 1),
    [2, 3, 8].flatMap((kind) => a.numbers(kind)),
  ];
  return {
    nodes: graph.messages(1).map((node) => ({
      op: nameIn(node, 4),
      inputs: node.texts(1),
      outputs: node.texts(2),
      attributes: Object.fromEntries(node.messages(5).map(attribute)),
    })),
    constants: new Map(graph.messages(5).map((tensor) => [nameIn(tensor, 8), constantOf(tensor)])),
    inputs: graph.messages(11).map((port) => nameIn(port, 1)),
  };
}

function constantOf(tensor: MessageFields): Value {
  const shape = tensor.numbers(1);
  const [type] = tensor.numbers(2);
  const [raw = new Uint8Array()] = tensor.pieces(9);
  const view = viewOf(raw);
  // TensorProto.DataType: float32, or the two types of 64 bits that are used.
  const read = (i: number) =>
    type === 1
      ? view.getFloat32(4 * i, true)
      : type === 7
        ? Number(view.getBigInt64(8 * i, true))
        : view.getFloat64(8 * i, true);
  const size = shape.reduce((a, b) => a * b, 1);
  if (raw.length !== size * (type === 1 ? 4 : 8)) throw damagedError();
  return { shape, data: new Float64Array(size).map((_, i) => read(i)) };
}
