// Pickles of plain data and NumPy arrays of bytes, as datasets of Python 2 are published.
import { formatError, type TorchError } from "../../binding/errors.js";
import { Callable, type Dialect, latin1, unpickle } from "./unpickle.js";

/** A NumPy array of unsigned bytes in C order. */
export class ByteArray {
  /** Shape of the array. */
  shape: readonly number[] = [];
  /** Elements in C order. */
  data: Uint8Array = new Uint8Array();
}

const arrayType = Symbol("numpy.ndarray");
const byteType = Symbol("numpy.dtype('u1')");

function wrong(source: string): TorchError {
  const problem = "its pickle makes an object other than an array of unsigned bytes: it is refused";
  return formatError("InvalidValue", source, problem);
}

const reconstruct = new Callable("numpy.core.multiarray._reconstruct", ([type], source) => {
  if (type === arrayType) return new ByteArray();
  throw wrong(source);
});
const dtype = new Callable("numpy.dtype", ([name], source) => {
  if ((name instanceof Uint8Array ? latin1(name) : name) === "u1") return byteType;
  throw wrong(source);
});
const globals = new Map<string, unknown>([
  ["numpy.core.multiarray._reconstruct", reconstruct],
  ["numpy._core.multiarray._reconstruct", reconstruct], // its name since NumPy 2
  ["numpy.ndarray", arrayType],
  ["numpy.dtype", dtype],
]);

const numpy: Dialect = {
  kind: "arrays of bytes",
  byteStrings: true,
  global(module, name, source) {
    const value = globals.get(`${module}.${name}`);
    if (value !== undefined) return value;
    throw formatError(
      "UnknownName",
      source,
      `its pickle names ${module}.${name}, which is refused`,
    );
  },
  /** The state of an array: version, shape, element type, whether in Fortran order, bytes. */
  build(object, state) {
    if (object === byteType) return true;
    const [, shape, type, fortran, data] = Array.isArray(state) ? state : [];
    if (!(object instanceof ByteArray) || type !== byteType || !(data instanceof Uint8Array))
      return false;
    const sizes: unknown[] = Array.isArray(shape) ? shape : [];
    const count = sizes.reduce<number>((n, size) => n * Number(size), 1);
    if (fortran !== false || sizes.length === 0 || count !== data.length) return false;
    object.shape = sizes as number[];
    object.data = data;
    return true;
  },
};

/**
 * Reads a pickle of plain values, byte strings (views of `bytes`) and `ByteArray`s, without running code; `source` names
 * it in errors. Throws a TorchError.
 */
export function unpickleBytes(bytes: Uint8Array, source: string): unknown {
  return unpickle(bytes, source, numpy);
}
