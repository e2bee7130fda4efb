// Writes checkpoints that Python reads with torch.load(weights_only=True).
import { Pickler, type PtInput } from "./pickle.js";
import { writeZip } from "./zip-writer.js";

/**
 * The bytes of a checkpoint as torch.save writes it (zip archive, PyTorch 1.6 and later).
 *
 * A Map becomes an OrderedDict, a plain object a dict, an array a list; whole numbers become ints, others
 * floats. A tensor that occurs twice is written once; each has a storage of its own, on the CPU, without
 * its gradient. Throws `InvalidValue` for other values, `OutOfRange` from 4 GiB on.
 */
export function encodePt(value: PtInput): Uint8Array {
  const pickler = new Pickler();
  const pickle = pickler.dump(value);
  const text = new TextEncoder();
  return writeZip([
    ["archive/data.pkl", pickle],
    ["archive/byteorder", text.encode("little")],
    ...pickler.storages.map(({ data }, key) => [`archive/data/${key}`, data] as const),
    ["archive/version", text.encode("3\n")],
  ]);
}
