// A function runs once, then its operations are replayed natively, gradients and optimiser included.

import { invalidValue } from "../binding/errors.js";
import { ptrsOf, tidy, tidyCollectable } from "../binding/handle.js";
import { type External, native, withTorchErrors } from "../binding/native.js";
import { Tensor } from "../tensor/tensor.js";

/** A function of tensors that `record` accepts. */
export type TensorFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** One recording, for inputs of fixed shapes, dtypes and devices. */
export class Program {
  #ptr: External;
  /** Shapes, dtypes and devices of the outputs. */
  readonly results: readonly Pick<Tensor, "shape" | "dtype" | "device">[];
  private constructor(ptr: External, outputs: readonly Tensor[]) {
    this.#ptr = ptr;
    this.results = outputs.map(({ shape, dtype, device }) => ({ shape, dtype, device }));
  }

  /**
   * Runs `fn` on copies of `inputs` and records it; returns the program and the first result. Outside tensors
   * (parameters, optimiser state) are held by reference. Random operations draw new numbers at each replay.
   * @throws {TorchError} for reading values, JavaScript data and data-dependent shapes.
   */
  static record(
    fn: TensorFunction,
    inputs: readonly Tensor[],
  ): { program: Program; outputs: Tensor[] } {
    return withTorchErrors(() => {
      const clones = native
        .recordBegin(ptrsOf(inputs, "record: inputs"))
        .map((ptr) => new Tensor(ptr));
      try {
        const result = fn(...clones);
        if (result instanceof Promise)
          throw invalidValue(
            "record: the function is asynchronous; recorded functions are synchronous",
          );
        const outputs = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor];
        const ptr = native.recordEnd(ptrsOf(outputs, "record: the result"));
        const program = new Program(ptr, outputs);
        return { program, outputs };
      } finally {
        native.recordAbort();
      }
    }, "record");
  }

  /**
   * Replays the program on inputs with the recorded shapes, dtypes and devices; so are its results.
   * @throws {TorchError}
   */
  run(...inputs: Tensor[]): Tensor[] {
    return this.#replay(inputs, false)!;
  }

  /** Like `run`, or null for inputs of other shapes, dtypes or devices. */
  runFor(inputs: readonly Tensor[]): Tensor[] | null {
    return this.#replay(inputs, true);
  }

  #replay(inputs: readonly Tensor[], only: boolean): Tensor[] | null {
    const ptrs = withTorchErrors(
      () => native.replay(this.#ptr, ptrsOf(inputs, "replay"), only),
      "replay",
    );
    return ptrs === null ? null : ptrs.map((ptr) => new Tensor(ptr));
  }

  /** @internal */
  get pointer(): External {
    return this.#ptr;
  }
}

function signature(inputs: readonly Tensor[]): string {
  return inputs.map((t) => `${t.dtype}[${t.shape}]${t.device}`).join(";");
}

/** A function with one program per kind of inputs. */
export interface Recorded {
  (...inputs: Tensor[]): Tensor[];
  /** Drops all programs. */
  reset(): void;
  /** The number of programs. */
  count(): number;
  /** The program for inputs of these shapes; recorded at its first use. */
  programFor(...inputs: Tensor[]): Program;
}

/**
 * Wraps `fn`: the first call with inputs of a kind (shapes, dtypes, devices) records, later calls replay. At most
 * `limit` kinds of inputs (default 64): more is an error, or with `forget` drops the program used longest ago.
 * @throws {TorchError} for what cannot be recorded
 */
export function recordCalls(
  fn: TensorFunction,
  { limit = 64, forget = false }: { limit?: number; forget?: boolean } = {},
): Recorded {
  const programs = new Map<string, Program>();
  let newest: Program | null = null;
  const used = (key: string, program: Program) => {
    programs.delete(key);
    programs.set(key, program);
    newest = program;
    return program;
  };
  const first = (inputs: Tensor[], key: string) => {
    if (forget && programs.size >= limit) programs.delete(programs.keys().next().value!);
    if (programs.size >= limit)
      throw invalidValue(
        `recordCalls: ${limit} programs for ${limit} kinds of inputs already; call it with fewer different shapes or raise \`limit\``,
      );
    const made = tidyCollectable(() => Program.record(fn, inputs));
    used(key, made.program);
    return made;
  };
  const run = (...inputs: Tensor[]): Tensor[] => {
    // Most calls use the program of the call before: asking it is faster than a look-up.
    const result = newest?.runFor(inputs);
    if (result) return result;
    const key = signature(inputs);
    const program = programs.get(key);
    if (program) return used(key, program).run(...inputs);
    let outputs: Tensor[] = [];
    tidy(() => {
      outputs = first(inputs, key).outputs;
      return outputs;
    });
    return outputs;
  };
  return Object.assign(run, {
    reset: () => {
      programs.clear();
      newest = null;
    },
    count: () => programs.size,
    programFor: (...inputs: Tensor[]) => {
      const key = signature(inputs);
      const known = programs.get(key);
      if (known) return used(key, known);
      return tidy(() => first(inputs, key)).program;
    },
  });
}
