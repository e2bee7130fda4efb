// Named arrays of a .npz file, plain or compressed.
import { io, type Tensor, tensor } from "@dsbm/torch";
import { unzipSync } from "fflate";
import { DatasetError } from "../errors.js";
import { readBytes, reason } from "./idx.js";

/** Arrays of facts about a data set are small; a file that claims more is another one. */
const limit = 2 ** 24;

/** The arrays of these names as float64; throws a `DatasetError` `Unreadable`, `BadArray`; a FormatError for damage. */
export function readNpz<Name extends string>(
  path: string,
  names: readonly Name[],
): Record<Name, Tensor> {
  const bytes = readBytes(path);
  const refuse = (problem: string) =>
    new DatasetError("BadArray", `${path}: ${problem}; expected a .npz with ${names.join(", ")}`);
  let members: Record<string, Uint8Array>;
  try {
    members = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (!names.some((known) => name === `${known}.npy`)) return false;
        if (originalSize <= limit) return true;
        throw new Error(`${name} claims ${originalSize} bytes`);
      },
    });
  } catch (error) {
    throw refuse(`does not unpack (${reason(error)})`);
  }
  const absent = names.filter((name) => members[`${name}.npy`] === undefined);
  if (absent.length > 0) throw refuse(`has no ${absent.join(", ")}`);
  const arrays = names.map((name): [Name, Tensor] => {
    const array = io.npy.decode(members[`${name}.npy`]!, `${path} (${name})`);
    return [name, tensor(io.toFloat64(array), { shape: array.shape })];
  });
  return Object.fromEntries(arrays) as Record<Name, Tensor>;
}
