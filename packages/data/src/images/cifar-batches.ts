// The two forms in which CIFAR-10 is published, batch by batch: records of a label and its pixels, and dictionaries
// pickled by Python. Both hold the same images, colour plane by colour plane.
import { io } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import type { ByteImages } from "./byte-table.js";

/** Height and width. */
export const side = 32;
/** Bytes of an image: a red, a green and a blue plane. */
const pixels = 3 * side * side;

/** Images [n, 3, 32, 32] in C order, and a label each. */
export type CifarBatch = Pick<ByteImages, "images" | "labels">;

/** Reads a binary batch; `source` names it in errors. Throws `DatasetError` `IncompleteFile`, `BadLabel`. */
export function readRecords(bytes: Uint8Array, source: string): CifarBatch {
  const record = 1 + pixels;
  const n = bytes.length / record;
  if (!Number.isInteger(n) || n === 0)
    throw new DatasetError(
      "IncompleteFile",
      `${source}: ${bytes.length} bytes: expected records of ${record} bytes, a label and 32×32 pixels in three colours; download it again`,
    );
  const batch = { images: new Uint8Array(n * pixels), labels: new Uint8Array(n) };
  for (let i = 0; i < n; i++) {
    batch.labels[i] = bytes[i * record]!;
    batch.images.set(bytes.subarray(i * record + 1, (i + 1) * record), i * pixels);
  }
  return checked(batch, source);
}

/** Reads a pickled batch; `source` names it in errors. Throws `DatasetError` `BadPickle`, `BadLabel`. */
export function readPickled(bytes: Uint8Array, source: string): CifarBatch {
  const batch = unpickled(bytes, source);
  const [data, labels]: unknown[] =
    batch instanceof Map ? [batch.get("data"), batch.get("labels")] : [];
  const n = data instanceof io.ByteArray ? data.shape[0]! : 0;
  const good =
    data instanceof io.ByteArray &&
    `${data.shape}` === `${[n, pixels]}` &&
    Array.isArray(labels) &&
    labels.length === n &&
    labels.every((label) => typeof label === "number");
  if (!good || n === 0)
    throw new DatasetError(
      "BadPickle",
      `${source}: expected a dictionary with data, bytes [n, ${pixels}], and labels, n numbers; is it a batch of CIFAR-10?`,
    );
  // A number beyond a byte must not become another label.
  const small = labels.map((label) => (label >= 0 && label < 256 ? label : 255));
  return checked({ images: data.data, labels: Uint8Array.from(small) }, source);
}

function unpickled(bytes: Uint8Array, source: string): unknown {
  try {
    return io.unpickleBytes(bytes, source);
  } catch (error) {
    if (!(error instanceof io.FormatError)) throw error;
    const cure = "expected a batch of the published archive; download it again";
    throw new DatasetError("BadPickle", `${error.message}: ${cure}`);
  }
}

function checked(batch: CifarBatch, source: string): CifarBatch {
  const at = batch.labels.findIndex((label) => label > 9);
  if (at < 0) return batch;
  throw new DatasetError(
    "BadLabel",
    `${source}: label ${batch.labels[at]} of image ${at}: expected 0 to 9, the labels of CIFAR-10`,
  );
}
