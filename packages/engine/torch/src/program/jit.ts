// TorchScript archives hold a network's code and weights, such as the published Inception-v3.
import type { Device } from "../binding/dtype.js";
import { formatError, isFormatError, translate } from "../binding/errors.js";
import { ptrsOf } from "../binding/handle.js";
import { type External, type Native, native, withTorchErrors } from "../binding/native.js";
import { table } from "../binding/table.generated.js";
import { readWhole } from "../io/file.js";
import { ZipReader } from "../io/zip.js";
import { Tensor } from "../tensor/tensor.js";

interface Scripts extends Native {
  jitLoad(path: string, device: string, allowed: string[]): External;
  jitForward(module: External, inputs: External[], switches: (string | boolean)[]): External;
  jitSchema(module: External): string;
}
const scripts = native as Scripts;

/** A loaded TorchScript module, in evaluation mode; use `load`. */
export class ScriptModule {
  readonly #ptr: External;
  /** `forward`'s arguments and result, as PyTorch writes them. */
  readonly schema: string;

  constructor(
    ptr: External,
    /** The file of the module. */
    readonly path: string,
  ) {
    this.#ptr = ptr;
    this.schema = withTorchErrors(() => scripts.jitSchema(ptr), path);
  }

  /**
   * Runs the module without a graph on inputs of the shapes that it was traced for; switches go by name.
   * @throws {TorchError} that names the file.
   */
  forward(inputs: readonly Tensor[], flags: Readonly<Record<string, boolean>> = {}): Tensor {
    const pointers = ptrsOf(inputs, "forward");
    try {
      return new Tensor(scripts.jitForward(this.#ptr, pointers, Object.entries(flags).flat()));
    } catch (error) {
      throw translate(withoutTraceback(error), this.path);
    }
  }
}

// Operations of modules in addition to `call`.
const scriptOperations = `
  Bool Float Int ListUnpack NumToTensor RaiseException ScalarImplicit TupleIndex TupleUnpack Uninitialized __and__
  __contains__ __derive_index __getitem__ __is__ __isnot__ __not__ __or__ __range_length affine_grid_generator all
  alpha_dropout annotate any append avg_pool3d batch_norm_stats bool celu channels_last contiguous conv1d conv3d
  conv_transpose2d copy cpu data detach device dict dim dropout dropout_ dtype elu enumerate eq expand extend eye
  feature_dropout flatten float floordiv format ge gelu get glu grid_sampler grid_sampler_2d gt half hardtanh
  hardtanh_ index insert instance_norm int is_cuda is_floating_point item items join keys layer_norm layout le
  leaky_relu leaky_relu_ len linear list lt matmul max max_pool1d max_pool3d mean min mul ne neg numel ones ones_like
  pad permute pop prod range relu relu6 relu_ remove repeat requires_grad reshape rsub select select_copy selu shape
  sigmoid silu size slice softmax sort sorted split squeeze stack str stride sub sum t tensor to transpose tuple
  type_as unbind unchecked_cast unsqueeze upsample_bilinear2d upsample_nearest2d values var view warn zeros zeros_like`;

/**
 * Loads a file of torch.jit.save. Its code runs, so `trust` must confirm that its source is known. Code with operations
 * outside `call` and image networks is refused before anything runs.
 * @throws {TorchError}
 */
export function load(
  path: string,
  { device = "cpu", trust = false }: { device?: Device; trust?: boolean } = {},
): ScriptModule {
  if (!trust)
    throw formatError(
      "NotTrusted",
      path,
      "a TorchScript file holds code that would run: if you trust its source, load it with trust: true",
    );
  checkRecords(path);
  const allowed = [...Object.keys(table), ...scriptOperations.trim().split(/\s+/)];
  try {
    return new ScriptModule(scripts.jitLoad(path, device, allowed), path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_TORCH_SCRIPT")
      throw formatError(
        "NotTrusted",
        path,
        `${message}, which no image network needs: expected a network such as the published Inception-v3`,
      );
    // libtorch has no codes for faulty files; an error with a code has another cause.
    if (code !== "ERR_TORCH") throw translate(error, "jit.load");
    const [reason] = message.trim().split("\n");
    throw formatError(
      "NotThisFormat",
      path,
      `${reason}; expected a whole TorchScript archive, as torch.jit.save writes it (a file of torch.save holds weights without code)`,
    );
  }
}

/** libtorch compares no checksums: a flipped bit in a weight would go unseen. */
function checkRecords(path: string): void {
  const file = readWhole(path);
  try {
    const records = new ZipReader(file, path);
    for (const name of records.names) records.read(name);
  } catch (error) {
    // libtorch describes files of another kind better than the reader of archives.
    if (!isFormatError(error) || /^(InvalidValue|SizeMismatch|DuplicateName)$/.test(error.code))
      throw error;
  }
}

function withoutTraceback(error: unknown): unknown {
  if (error instanceof Error && error.message.includes("Traceback of TorchScript"))
    error.message = error.message.trim().split("\n").at(-1)!;
  return error;
}
