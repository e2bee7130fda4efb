// TorchScript archives hold a network's code and weights, such as the published Inception-v3.
import type { Device } from "../binding/dtype.js";
import { formatError, isFormatError, translate } from "../binding/errors.js";
import { ptrsOf } from "../binding/handle.js";
import { type External, guarded, type Native, native } from "../binding/native.js";
import { ReadFile } from "../io/file.js";
import { ZipReader } from "../io/pt/zip.js";
import { Tensor } from "../tensor/tensor.js";

interface Scripts extends Native {
  jitLoad(path: string, device: string): External;
  jitForward(module: External, inputs: External[], switches: (string | boolean)[]): External;
  jitSchema(module: External): string;
  jitDispose(module: External): void;
}
const scripts = native as Scripts;

/** A loaded TorchScript module, in evaluation mode; use `load`. */
export class ScriptModule implements Disposable {
  readonly #ptr: External;
  /** `forward`'s arguments and result, as PyTorch writes them. */
  readonly schema: string;

  constructor(
    ptr: External,
    readonly path: string,
  ) {
    this.#ptr = ptr;
    this.schema = guarded(() => scripts.jitSchema(ptr), path);
  }

  /** Runs the module without a graph; switches go by name. Throws a TorchError that names the file. */
  forward(inputs: readonly Tensor[], flags: Readonly<Record<string, boolean>> = {}): Tensor {
    const given = ptrsOf(inputs, "forward");
    try {
      return new Tensor(scripts.jitForward(this.#ptr, given, Object.entries(flags).flat()));
    } catch (error) {
      throw translate(withoutTraceback(error), this.path);
    }
  }

  /** Gives the memory of its weights back; calling it afterwards is a TorchError. Idempotent. */
  dispose(): void {
    guarded(() => scripts.jitDispose(this.#ptr), "dispose");
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Loads a file of torch.jit.save. Its code runs and can read and write files: load only files that you trust. Throws a
 * TorchError.
 */
export function load(path: string, { device = "cpu" }: { device?: Device } = {}): ScriptModule {
  checkRecords(path);
  let ptr: External;
  try {
    ptr = scripts.jitLoad(path, device);
  } catch (error) {
    // libtorch has no codes for what is wrong with a file; what has one is about something else.
    if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== "ERR_TORCH")
      throw translate(error, "jit.load");
    const [reason] = error.message.trim().split("\n");
    throw formatError(
      "NotThisFormat",
      path,
      `${reason}; expected a whole TorchScript archive, as torch.jit.save writes it (a file of torch.save holds weights without code)`,
    );
  }
  return new ScriptModule(ptr, path);
}

/** libtorch compares no checksums: a flipped bit in a weight would go unseen. */
function checkRecords(path: string): void {
  using file = new ReadFile(path);
  try {
    const records = new ZipReader(file);
    for (const name of records.names) records.read(name);
  } catch (error) {
    const isDamage = isFormatError(error) && /^(InvalidValue|SizeMismatch)$/.test(error.code);
    // Whether a file of another kind can be loaded is decided by libtorch.
    if (isDamage || !isFormatError(error)) throw error;
  }
}

function withoutTraceback(error: unknown): unknown {
  if (error instanceof Error && error.message.includes("Traceback of TorchScript"))
    error.message = error.message.trim().split("\n").at(-1) as string;
  return error;
}
