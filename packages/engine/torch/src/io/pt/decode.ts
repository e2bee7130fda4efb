// Reads checkpoints that Python wrote with torch.save, from untrusted sources too: nothing in them is executed.

import { tidy } from "../../binding/handle.js";
import type { Tensor } from "../../tensor/tensor.js";
import { elementsOf } from "../elements.js";
import { ReadFile } from "../file.js";
import { itemSize, type RawArray } from "../raw.js";
import { fromRaw } from "../tensors.js";
import { openContainer } from "./container.js";
import { Budget, type PtLimits, withDefaults } from "./limits.js";
import type { StorageReference, TensorReference } from "./references.js";
import { type ByteSource, BytesSource } from "./source.js";
import { type PtValue, unfold } from "./value.js";

/** How a checkpoint is read. */
export interface PtOptions {
  limits?: PtLimits;
}

/**
 * Reads the bytes of a file of torch.save (zip archive or legacy format) without the engine.
 *
 * `source` names the bytes in errors. Tensors become little-endian arrays in C order, which may be views
 * of `bytes`; views of one storage become arrays of their own. Throws a `FormatError`: `NotThisFormat`;
 * `UnknownName` for names that could run code, or a storage that is not there; `UnknownDtype`;
 * `OutOfRange` beyond the limits; `IncompleteFile`, `SizeMismatch`, `InvalidHeader`, `InvalidOffset`,
 * `InvalidShape`, `InvalidValue`, `DuplicateName` for damaged files.
 */
export function decodePt(
  bytes: Uint8Array,
  source = "pt",
  { limits = {} }: PtOptions = {},
): PtValue<RawArray> {
  return read(new BytesSource(bytes, source), limits, (array) => array);
}

/**
 * Reads a file of torch.save (zip archive or legacy format), with tensors on the CPU.
 *
 * Views of one storage become tensors with memory of their own; whether they require gradients, on which
 * device they were and the `_metadata` of state dicts is not kept. Throws like `decodePt`, and
 * `Unreadable`.
 */
export function loadPt(path: string, { limits = {} }: PtOptions = {}): PtValue<Tensor> {
  using file = new ReadFile(path);
  return tidy(() => read(file, limits, fromRaw));
}

function read<T>(source: ByteSource, given: PtLimits, make: (array: RawArray) => T): PtValue<T> {
  const limits = withDefaults(given, source.path);
  const container = openContainer(source, limits);
  const budget = new Budget(source.path, "its tensors", source.length, limits);
  const open = new Map<StorageReference, Uint8Array>();
  const makeTensor = (tensor: TensorReference): T => {
    const { storage } = tensor;
    budget.spend(tensor.numel * itemSize[storage.dtype]);
    const bytes = open.get(storage) ?? container.read(storage);
    // A storage is freed after its last tensor.
    if (--storage.uses > 0) open.set(storage, bytes);
    else open.delete(storage);
    return make(elementsOf(tensor, storage.dtype, bytes, source.path));
  };
  return unfold(container.root, makeTensor, limits, source.path);
}
