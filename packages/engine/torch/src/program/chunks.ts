// Programs over many rows: in chunks, on several threads, with a generator each.
import { invalidValue, refusedOption } from "../binding/errors.js";
import { ptrsOf, tidy } from "../binding/handle.js";
import { type External, native, withTorchErrors } from "../binding/native.js";
import { empty } from "../tensor/create.js";
import { Generator, randint } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Program, Recorded } from "./record.js";

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
  /**
   * Waits for the end and gives the outputs.
   * @throws what a chunk threw.
   */
  finish(): Tensor[];
  /** Starts no further chunks. */
  stop(): void;
}

/**
 * Runs a recorded function over many rows [rows, …], in chunks on several threads with a generator each: the result does not depend
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

/** The lengths of all chunks, and the first chunk of this part with their number. */
interface ChunkPlan {
  lengths: number[];
  first: number;
  count: number;
}

/** @throws {TorchError} for options that do not fit the inputs. */
function planChunks(
  inputs: readonly Tensor[],
  { rows, threads, inputDims, part }: ChunkOptions,
): ChunkPlan {
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
  if (total === 0) throw invalidValue("runChunked: no rows to run");
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
  return { lengths, first, count };
}

/**
 * The program of each length of a chunk.
 * @throws {TorchError} if its outputs do not fit `outputDims`.
 */
function programsOf(
  fn: Recorded,
  lengths: readonly number[],
  inputsOf: (rows: number) => Tensor[],
  outputDims: readonly number[],
): Map<number, Program> {
  const programs = new Map<number, Program>();
  for (const n of new Set(lengths)) programs.set(n, fn.programFor(...inputsOf(n)));
  for (const { results } of programs.values())
    if (results.length !== outputDims.length)
      throw refusedOption(
        `runChunked: outputDims has ${outputDims.length} dimensions for ${results.length} outputs`,
      );
  return programs;
}

/**
 * `runChunked` that returns at once. Inputs [rows, …] and what the function holds must not change until it is finished.
 * @throws {TorchError} for options that do not fit the inputs
 */
export function startChunked(
  fn: Recorded,
  inputs: readonly Tensor[],
  options: ChunkOptions,
): ChunkedRun {
  const { rows, threads, generator = Generator.default(), inputDims, outputDims, part } = options;
  const { lengths, first, count } = planChunks(inputs, options);
  const lengthsOfPart = lengths.slice(first, first + count);
  const ownRows = lengthsOfPart.reduce((a, b) => a + b, 0);
  const cutAt = (from: number, n: number) =>
    inputs.map((t, i) => {
      const dim = inputDims[i];
      return dim < 0 ? t : t.narrow(dim, from, n);
    });
  let job: External | undefined;
  const outputs = tidy(() => {
    // Recording runs the function: its random draws must not count.
    const programs = withoutDraws([generator, Generator.default()], () =>
      programsOf(fn, lengths, (n) => cutAt(0, n), outputDims),
    );
    const whole = joinedOutputs(programs.get(lengths[0])!, outputDims, ownRows);
    const seed = randint(0, 2 ** 31, [1], { generator }).item();
    if (count === 0) return whole;
    const cuts = part ? cutAt(first * rows, ownRows) : inputs;
    const start = () =>
      native.startChunks(
        lengthsOfPart.map((n) => programs.get(n)!.pointer),
        lengthsOfPart,
        ptrsOf(cuts, "runChunked: inputs"),
        [...inputDims],
        ptrsOf(whole, "runChunked"),
        [...outputDims],
        threads,
        Number(seed) + first,
      );
    job = withTorchErrors(start, "runChunked");
    return whole;
  });
  const end = (stop: boolean) => {
    if (job) withTorchErrors(() => native.finishChunks(job!, stop), "runChunked");
  };
  return {
    outputs,
    finish: () => {
      end(false);
      return outputs;
    },
    stop: () => {
      end(true);
      for (const t of outputs) t.dispose();
    },
  };
}

/** Empty outputs of all rows. */
function joinedOutputs({ results }: Program, dims: readonly number[], total: number): Tensor[] {
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

/** The result of `fn`, without its draws. */
function withoutDraws<T>(generators: Generator[], fn: () => T): T {
  const states = generators.map((g) => g.getState());
  const result = fn();
  generators.forEach((g, i) => {
    g.setState(states[i]);
  });
  return result;
}
