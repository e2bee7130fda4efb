// Checkpoints of torch.save, from untrusted sources too: nothing in them is executed.
import { type FormatCode, formatError, type TorchError } from "../../binding/errors.js";
import { tidy } from "../../binding/handle.js";
import type { Tensor } from "../../tensor/tensor.js";
import { elementsOf } from "../elements.js";
import { readWhole } from "../file.js";
import { itemSize, type RawArray, viewOf } from "../raw.js";
import { fromRaw } from "../tensors.js";
import { unpackedLimit, ZipReader } from "../zip.js";
import { isInternal, type StorageReference, TensorReference } from "./torch-pickle.js";
import { mostValues, unpickle } from "./unpickle.js";

/** A dictionary key in a checkpoint. */
export type PtKey = string | number | bigint | boolean;

/**
 * A value in a checkpoint, T being a tensor. Lists, tuples and torch.Size are arrays; a dtype is "torch.float32", a
 * device "cpu" or "cuda:0".
 */
export type PtValue<T> =
  | null
  | boolean
  | number
  | bigint
  | string
  | T
  | PtValue<T>[]
  | Map<PtKey, PtValue<T>>;

const longestPickle = 64 * 2 ** 20;
const deepestNesting = 64;

/**
 * Reads the bytes of a file of torch.save (since PyTorch 1.6) without the engine; `source` names them in errors. Views
 * of one storage become arrays of their own.
 * @throws {TorchError}: `UnknownName` for names that could run code, `OutOfRange` for what would take too much memory,
 * other codes for damage and other formats.
 */
export function decodePt(bytes: Uint8Array, source = "pt"): PtValue<RawArray> {
  return read(bytes, source, (array) => array);
}

/**
 * Reads a file of torch.save (since PyTorch 1.6), with tensors of the saved shapes on the CPU. Devices, `requires_grad`
 * and `_metadata` are dropped.
 * @throws like `decodePt`, and `Unreadable`.
 */
export function loadPt(path: string): PtValue<Tensor> {
  return tidy(() => read(readWhole(path), path, fromRaw));
}

function read<T>(file: Uint8Array, source: string, make: (array: RawArray) => T): PtValue<T> {
  const { root, storage: readStorage } = openArchive(file, source);
  const limit = unpackedLimit(file.length);
  let total = 0;
  const open = new Map<StorageReference, Uint8Array>();
  return unfold(root, source, (tensor) => {
    const { storage } = tensor;
    total += tensor.numel * itemSize[storage.dtype];
    if (total > limit)
      throw formatError(
        "OutOfRange",
        source,
        `its tensors would take ${total} bytes: expected at most ${limit} for a file of this size`,
      );
    const bytes = open.get(storage) ?? readStorage(storage);
    // A storage is freed after its last tensor.
    if (--storage.uses > 0) open.set(storage, bytes);
    else open.delete(storage);
    return make(elementsOf(tensor, storage.dtype, bytes, source));
  });
}

function openArchive(
  file: Uint8Array,
  source: string,
): {
  root: unknown;
  storage: (storage: StorageReference) => Uint8Array;
} {
  const refuse = (code: FormatCode, problem: string): TorchError =>
    formatError(code, source, problem);
  const notThis = (subject: string) =>
    refuse("NotThisFormat", `${subject}: expected a zip archive of torch.save`);
  const first = file.subarray(0, 4);
  if (first[0] === 0x80)
    throw notThis("is a bare pickle, as PyTorch before 1.6 wrote; load it there and save it again");
  if (first.length < 4 || viewOf(first).getUint32(0, true) !== 0x04034b50)
    throw notThis(`begins with the bytes [${first}]`);
  const zip = new ZipReader(file, source);
  const pickles = zip.names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const pickle = pickles[0];
  if (pickle === undefined || pickles.length > 1)
    throw notThis(`is a zip archive with ${pickles.length} records data.pkl`);
  const folder = pickle.slice(0, -"data.pkl".length);
  const isCode = (name: string) =>
    name.startsWith(`${folder}code/`) || name === `${folder}constants.pkl`;
  if (zip.names.some(isCode))
    throw notThis("is a TorchScript archive, a program saved by torch.jit.save");
  const order = zip.has(`${folder}byteorder`)
    ? new TextDecoder("latin1").decode(zip.read(`${folder}byteorder`))
    : "little";
  if (order !== "little")
    throw refuse("InvalidValue", `its byte order is ${JSON.stringify(order)}: expected little`);
  if (zip.size(pickle) > longestPickle)
    throw refuse(
      "OutOfRange",
      `its pickle has ${zip.size(pickle)} bytes: expected at most ${longestPickle}`,
    );
  const root = unpickle(zip.read(pickle), source);
  const storage = ({ key, dtype, numel }: StorageReference): Uint8Array => {
    const name = `${folder}data/${key}`;
    const expected = numel * itemSize[dtype];
    if (zip.size(name) !== expected)
      throw refuse(
        "SizeMismatch",
        `storage ${key} has ${zip.size(name)} bytes: expected ${expected} for ${dtype}[${numel}]`,
      );
    return zip.read(name);
  };
  return { root, storage };
}

function unfold<T>(
  root: unknown,
  source: string,
  makeTensor: (reference: TensorReference) => T,
): PtValue<T> {
  const tensors = new Map<TensorReference, T>();
  let left = mostValues;
  const tooMuch = (problem: string) => formatError("OutOfRange", source, problem);
  const visit = (value: unknown, depth: number): PtValue<T> => {
    if (depth > deepestNesting)
      throw tooMuch(`nests deeper than ${deepestNesting} levels, or contains itself`);
    if (left-- <= 0) throw tooMuch(`describes more than ${mostValues} values`);
    if (value instanceof TensorReference) {
      const tensor = tensors.has(value) ? (tensors.get(value) as T) : makeTensor(value);
      tensors.set(value, tensor);
      return tensor;
    }
    if (Array.isArray(value)) return value.map((item) => visit(item, depth + 1));
    if (value instanceof Map) {
      const map = new Map<PtKey, PtValue<T>>();
      for (const [key, item] of value) map.set(key as PtKey, visit(item, depth + 1));
      return map;
    }
    if (isInternal(value))
      throw formatError(
        "InvalidValue",
        source,
        "holds a class or a bare storage instead of a value: save tensors only",
      );
    return value as null | boolean | number | bigint | string;
  };
  return visit(root, 0);
}
