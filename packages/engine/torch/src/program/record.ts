// A function runs once, then its operations are replayed natively, gradients and optimiser included.

import { invalid, refusedOption } from "../binding/errors.js";
import { ptrsOf, tidy, tidyCollectable } from "../binding/handle.js";
import { type External, guarded, native } from "../binding/native.js";
import { empty } from "../tensor/create.js";
import { Generator, randint } from "../tensor/random.js";
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
   * Runs `fn` on copies of `inputs` and records it; returns the program and the first result.
   * Outside tensors (parameters, optimiser state) are held by reference. Random operations draw new
   * numbers at each replay. Throws a TorchError for reading values, JavaScript data and
   * data-dependent shapes.
   */
  static record(
    fn: TensorFunction,
    inputs: readonly Tensor[],
  ): { program: Program; outputs: Tensor[] } {
    return guarded(() => {
      const clones = native
        .recordBegin(ptrsOf(inputs, "record: inputs"))
        .map((ptr) => new Tensor(ptr));
      try {
        const result = fn(...clones);
        if (result instanceof Promise)
          throw invalid("record: the function is asynchronous; recorded functions are synchronous");
        const outputs = Array.isArray(result) ? (result as Tensor[]) : [result as Tensor];
        const ptr = native.recordEnd(ptrsOf(outputs, "record: the result"));
        const program = new Program(ptr, outputs);
        return { program, outputs };
      } finally {
        native.recordAbort();
      }
    }, "record");
  }

  /** Replays the program on inputs as recorded. Throws a TorchError. */
  run(...inputs: Tensor[]): Tensor[] {
    return this.#replay(inputs, false)!;
  }

  /** Like `run`, or null for inputs of another kind. */
  runFor(inputs: readonly Tensor[]): Tensor[] | null {
    return this.#replay(inputs, true);
  }

  #replay(inputs: readonly Tensor[], only: boolean): Tensor[] | null {
    const ptrs = guarded(() => native.replay(this.#ptr, ptrsOf(inputs, "replay"), only), "replay");
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
 * Wraps `fn`: the first call with inputs of a kind records, later calls replay. At most `limit` kinds of inputs (default
 * 64): more
 * is an error, or with `forget` drops the program used longest ago.
 */
export function recorded(
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
      throw invalid(
        `recorded: ${limit} programs for ${limit} kinds of inputs already; call it with fewer different shapes or raise \`limit\``,
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

/** How a program runs over chunks of rows. */
export interface ChunkOptions {
  /** Rows a chunk; about 1,000 keeps a small network's intermediates in the cache. */
  rows: number;
  /** Chunks that run at the same time. */
  threads: number;
  /** Draws the seeds of the chunks, one number a call. */
  generator?: Generator | undefined;
  /** Per input, the dimension that is cut, or -1 for none. */
  inputDims: readonly number[];
  /** Per output, the dimension that chunks join. */
  outputDims: readonly number[];
  /** The chunks to run (default: all), which draw as they would among all. */
  part?: { start: number; count: number } | undefined;
}

/** A program that runs over chunks in the background. */
export interface ChunkedRun {
  /** Complete only after `finish`. */
  outputs: Tensor[];
  /** Waits for the end and gives the outputs. Throws what a chunk threw. */
  finish(): Tensor[];
  /** Starts no further chunks. */
  stop(): void;
}

/**
 * Runs a recorded function over many rows, in chunks on several threads with a generator each: the result does not depend
 * on `threads`.
 * The function draws without naming a generator, and writes to nothing that it holds.
 */
export function runChunked(
  fn: Recorded,
  inputs: readonly Tensor[],
  options: ChunkOptions,
): Tensor[] {
  return tidy(() => startChunked(fn, inputs, options).finish());
}

/** `runChunked` that returns at once. Inputs and what the function holds must not change until it is finished. */
export function startChunked(
  fn: Recorded,
  inputs: readonly Tensor[],
  { rows, threads, generator = Generator.default(), inputDims, outputDims, part }: ChunkOptions,
): ChunkedRun {
  const cut = inputDims.findIndex((d) => d >= 0);
  if (!Number.isInteger(rows) || rows < 1)
    throw refusedOption(`runChunked: rows is ${rows}; expected an integer of at least 1`);
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw refusedOption(`runChunked: threads is ${threads}; expected an integer from 1 to 1024`);
  if (cut < 0 || inputDims.length !== inputs.length)
    throw refusedOption(
      "runChunked: inputDims names, for each input, the dimension to cut or -1; at least one is cut",
    );
  const total = inputs[cut].size(inputDims[cut]);
  if (total === 0) throw invalid("runChunked: no rows to run");
  if (total / rows > 2 ** 20)
    throw refusedOption(
      `runChunked: ${total} rows in chunks of ${rows} are more than 2^20 chunks: raise rows`,
    );
  const lengths: number[] = [];
  for (let start = 0; start < total; start += rows) lengths.push(Math.min(rows, total - start));
  const { start: first, count } = part ?? { start: 0, count: lengths.length };
  if (!(first >= 0 && count >= 0 && first + count <= lengths.length))
    throw refusedOption(
      `runChunked: part is ${count} chunks from ${first} on; there are ${lengths.length}`,
    );
  const lengthsOfPart = lengths.slice(first, first + count);
  const ownRows = lengthsOfPart.reduce((a, b) => a + b, 0);
  const cutAt = (from: number, n: number) =>
    inputs.map((t, i) => {
      const dim = inputDims[i];
      return dim < 0 ? t : t.narrow(dim, from, n);
    });
  let job: External | undefined;
  const outputs = tidy(() => {
    const programs = new Map<number, Program>();
    // Recording runs the function: its random draws must not count.
    undrawn([generator, Generator.default()], () => {
      for (const n of new Set(lengths)) programs.set(n, fn.programFor(...cutAt(0, n)));
    });
    for (const { results } of programs.values())
      if (results.length !== outputDims.length)
        throw refusedOption(
          `runChunked: outputDims has ${outputDims.length} dimensions for ${results.length} outputs`,
        );
    const whole = joined(programs.get(lengths[0])!, outputDims, ownRows);
    const seed = randint(0, 2 ** 31, [1], { generator }).item();
    if (count === 0) return whole;
    const cuts = part ? cutAt(first * rows, ownRows) : inputs;
    job = guarded(
      () =>
        native.startChunks(
          lengthsOfPart.map((n) => programs.get(n)!.pointer),
          lengthsOfPart,
          ptrsOf(cuts, "runChunked: inputs"),
          [...inputDims],
          ptrsOf(whole, "runChunked"),
          [...outputDims],
          threads,
          Number(seed) + first,
        ),
      "runChunked",
    );
    return whole;
  });
  return {
    outputs,
    finish: () => {
      if (job) guarded(() => native.finishChunks(job!, false), "runChunked");
      return outputs;
    },
    stop: () => {
      if (job) guarded(() => native.finishChunks(job!, true), "runChunked");
      for (const t of outputs) t.dispose();
    },
  };
}

function joined({ results }: Program, dims: readonly number[], total: number): Tensor[] {
  return results.map(({ shape, dtype, device }, i) => {
    const dim = dims[i];
    if (!(dim in shape))
      throw refusedOption(`runChunked: outputDims: output ${i} has no dimension ${dim}`);
    return empty(
      shape.map((d, k) => (k === dim ? total : d)),
      { dtype, device },
    );
  });
}

function undrawn(generators: Generator[], fn: () => void): void {
  const states = generators.map((g) => g.getState());
  fn();
  generators.forEach((g, i) => {
    g.setState(states[i]);
  });
}
