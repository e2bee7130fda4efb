// Every operation of libtorch, those included whose kernels trust their arguments.
import { callUnchecked } from "./dispatch.js";

/**
 * `call` for all operations of libtorch. Wrong arguments to those outside `callable` can end the process or damage its
 * memory without a word: give them only what PyTorch's documentation allows. Throws MissingOpError, TorchError.
 */
export function call(name: string, overload: string, ...args: unknown[]): unknown {
  return callUnchecked(name, overload, ...args);
}
