// The engine as JavaScript sees it: every function of `Native`.

import { fromBytes, toBytes } from "./bytes.js";
import { describeProgram } from "./describe.js";
import { contentOf, doors, external, tensorsOf } from "./doors.js";
import { elementNamed, isInteger } from "./dtype.js";
import { EngineError, fail, missing } from "./errors.js";
import { requiresGrad, scriptedTensor, setGrad } from "./gradients.js";
import {
  beginScope,
  box,
  boxOf,
  counts,
  drop,
  endScope,
  leave,
  TensorBox,
  unbox,
} from "./handles.js";
import { Mersenne } from "./kernel/mersenne.js";
import type { External, Native } from "./native.js";
import { streams } from "./operation/random.js";
import { operations, performer, type TableOperation } from "./operation.js";
import { ProgramImpl } from "./program.js";
import { abortRecording, beginRecording, endRecording, refuseWhileRecording } from "./record.js";
import { type Chunks, isFor, replay, runChunks } from "./replay.js";
import { toArgument, toBool, toDevice, toInt, toList, toText } from "./schema.js";
import { usage } from "./storage.js";
import { differentiate, gradMode } from "./tape.js";
import { TensorImpl } from "./tensor.js";

const version = "portable 1";

/** What the engine throws of its own accord has a code; what JavaScript throws for lack of memory gets one. */
function withCode(error: unknown): unknown {
  if (error instanceof RangeError) return new EngineError("ERR_TORCH_MEMORY", error.message);
  // Decompositions throw errors without a code.
  const isPlain = error instanceof Error && error.constructor === Error;
  return isPlain ? new EngineError("ERR_TORCH", error.message) : error;
}

const list: TableOperation[] = [];
const indices = new Map<string, number>();

function lookup(name: string, overload: string): number {
  const full = overload ? `${name}.${overload}` : name;
  const known = indices.get(full);
  if (known !== undefined) return known;
  list.push(operations.get(full) ?? missing(full));
  indices.set(full, list.length - 1);
  return list.length - 1;
}

function wrapResult(value: unknown): unknown {
  if (value instanceof TensorImpl) return box(value);
  if (Array.isArray(value)) return value.map(wrapResult);
  return value;
}

function call(index: number, _spare: External | undefined, ...args: unknown[]): unknown {
  const op = list[index] ?? fail("ERR_TORCH_TYPE", "call: not an operation index");
  if (args.length > op.args.length)
    fail(
      "ERR_TORCH_TYPE",
      `${op.full}: takes at most ${op.args.length} arguments, got ${args.length}`,
    );
  const values = op.args.map((arg, i) =>
    toArgument(args[i], arg, `${op.full}: argument "${arg.name}"`, doors),
  );
  let result: unknown;
  try {
    result = performer.perform(op, values);
  } catch (error) {
    throw withCode(error);
  }
  if (result instanceof TensorImpl) {
    const alias = op.aliasOf[0];
    if (alias >= 0) return args[alias];
    // Also of an argument that an operation gives back as it is: each handle is disposed of by itself.
    return box(result);
  }
  return wrapResult(result);
}

function item(t: External): number | bigint | boolean {
  refuseWhileRecording("item()");
  const impl = unbox(t, "item");
  if (impl.count !== 1)
    fail("ERR_TORCH_VALUE", `item: expected a tensor of one element, got ${impl.count}`);
  const value = impl.array[impl.offset];
  if (impl.dtype === "bool") return value !== 0;
  if (!isInteger(impl.dtype) || Math.abs(value) < 2 ** 53) return value;
  return new BigInt64Array(toBytes(impl))[0];
}

function seedOf(seed: unknown): bigint {
  const whole = typeof seed === "bigint" ? seed : BigInt(toInt(seed, "seed"));
  if (BigInt.asIntN(64, whole) !== whole)
    fail("ERR_TORCH_VALUE", "seed: the bigint does not fit 64 bits");
  if (whole < 0n) fail("ERR_TORCH_VALUE", `seed: expected an integer of at least 0, got ${whole}`);
  return whole;
}

function generator(device: string, seed: number | bigint | null): External {
  if (toDevice(device, "generator") === "meta")
    fail("ERR_TORCH_VALUE", "generator: the meta device draws no numbers; expected cpu");
  return external(seed === null ? streams.default : new Mersenne(seedOf(seed)));
}

const streamOf = (g: unknown, what: string) => contentOf(g, Mersenne, what, "a generator");
const programOf = (p: unknown, what: string) => contentOf(p, ProgramImpl, what, "a program");

/** Chunks of `startChunks`. They run when somebody waits for their end: a stopped job costs nothing. */
class Job {
  #chunks: Chunks | null;
  #error: unknown = null;
  constructor(chunks: Chunks) {
    this.#chunks = chunks;
  }

  /**
   * Runs the chunks once.
   * @throws what a chunk threw.
   */
  finish(): void {
    const chunks = this.#chunks;
    this.#chunks = null;
    try {
      if (chunks) runChunks(chunks);
    } catch (error) {
      this.#error = error;
    }
    if (this.#error) throw this.#error;
  }

  /** Drops chunks that did not run. */
  stop(): void {
    this.#chunks = null;
  }
}

let threads = 1;

/** Further functions of the addon, which this engine lacks. */
const absent =
  "jitLoad jitForward jitSchema storeTcp storeFile storeSet storeGet storeAdd storeClose groupOpen groupClose";
const absentFunctions = Object.fromEntries(
  absent.split(" ").map((name) => [name, () => missing(name)]),
);

/** The portable engine. */
export const portable: Native = Object.assign(absentFunctions, {
  backends: () => [],
  describe: (program: External) => describeProgram(programOf(program, "describe")),
  lookup,
  call,
  schemas: (name) =>
    [...operations.values()].filter((op) => name === "" || op.name === name).map((op) => op.text),
  release: (tensors) =>
    toList(tensors, "release", (value) => value).forEach((value) => {
      if (value instanceof TensorBox) drop(value);
    }),
  isDisposed: (t) => boxOf(t, "disposed").impl === null,
  shape: (t) => [...unbox(t, "shape").shape],
  stride: (t) => [...unbox(t, "stride").strides],
  dtype: (t) => unbox(t, "dtype").dtype,
  device: (t) => (unbox(t, "device").isMeta ? "meta" : "cpu"),
  scopeBegin: beginScope,
  scopeEnd: endScope,
  unscope: (t) => {
    if ((t as unknown) instanceof TensorBox) leave(t as unknown as TensorBox);
  },
  // The collector of JavaScript knows the arrays themselves.
  scopedBytes: () => 0,
  differentiate(outputs, value, inputs, retain, allowUnused) {
    const options = {
      retain: toBool(retain, "retainGraph"),
      allowUnused: inputs === null || toBool(allowUnused, "allowUnused"),
    };
    const gradients = differentiate(
      tensorsOf(outputs, "outputs"),
      tensorsOf(value, "gradOutputs"),
      inputs && tensorsOf(inputs, "inputs"),
      options,
    );
    return inputs && gradients.map((t) => t && box(t));
  },
  getGrad(t) {
    const { grad } = unbox(t, "grad");
    return grad && box(grad);
  },
  setGrad,
  requiresGrad,
  gradMode(on) {
    const before = gradMode.isOn;
    if (on !== undefined) gradMode.isOn = toBool(on, "gradMode");
    return before;
  },
  autocast(dtype) {
    if (dtype !== null) missing(`autocast to ${toText(dtype, "autocast")}`);
  },
  scripted: scriptedTensor,
  fromBytes(data, shape, dtype) {
    refuseWhileRecording("a tensor from JavaScript data");
    if (!ArrayBuffer.isView(data)) fail("ERR_TORCH_TYPE", "tensor: expected a typed array");
    const sizes = toList(shape, "tensor: shape", (size) => toInt(size, "tensor: shape"));
    const negative = sizes.find((size) => size < 0);
    if (negative !== undefined)
      fail(
        "ERR_TORCH",
        `Trying to create tensor with negative dimension ${negative}: [${sizes.join(", ")}]`,
      );
    return box(
      fromBytes(data, sizes, elementNamed(toText(dtype, "tensor: dtype"), "tensor: dtype")),
    );
  },
  toBytes(t) {
    refuseWhileRecording("reading a tensor's values");
    const impl = unbox(t, "toArray");
    if (impl.isMeta) fail("ERR_TORCH_VALUE", "a meta tensor has no data to read");
    return toBytes(impl);
  },
  item,
  generator,
  manualSeed(g, seed) {
    refuseWhileRecording("seeding a generator");
    const stream = g === null ? streams.default : streamOf(g, "manualSeed");
    stream.seed(seedOf(seed));
  },
  generatorState(g) {
    refuseWhileRecording("reading a generator's state");
    const { state } = streamOf(g, "getState");
    return box(fromBytes(state, [state.length], "uint8"));
  },
  setGeneratorState(g, state) {
    refuseWhileRecording("setting a generator's state");
    streamOf(g, "setState").state = new Uint8Array(toBytes(unbox(state, "setState")));
  },
  numThreads(n) {
    if (n !== undefined) threads = toInt(n, "setNumThreads");
    return threads;
  },
  info: () => [version, "TypeScript and WebAssembly, one thread", "-1"],
  memory(resetPeak, limit) {
    const { current, peak, allocations } = usage;
    if (toBool(resetPeak, "memory")) usage.peak = current;
    if (limit !== undefined) {
      const bytes = toInt(limit, "setMemoryLimit");
      usage.limit = bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
    }
    return [current, peak, allocations, counts.live];
  },
  // JavaScript hears signals between operations: none runs for long.
  watchSignals: () => {},
  unwatchSignals: () => {},
  recordBegin: (inputs) => beginRecording(tensorsOf(inputs, "record: inputs")).map(box),
  recordEnd: (outputs) => external(endRecording(tensorsOf(outputs, "record: result"))),
  recordAbort: abortRecording,
  replay(program, inputs, only) {
    refuseWhileRecording("running a program");
    const impl = programOf(program, "replay");
    const tensors = tensorsOf(inputs, "replay: inputs");
    if (toBool(only, "replay") && !isFor(impl, tensors)) return null;
    return replay(impl, tensors).map(box);
  },
  startChunks(programs, lengths, inputs, inputDims, outputs, outputDims, _threads, seed) {
    refuseWhileRecording("running a program");
    const numbers = (value: unknown, what: string) => toList(value, what, (n) => toInt(n, what));
    const job = {
      programs: toList(programs, "chunks: programs", (p) => programOf(p, "replay")),
      lengths: numbers(lengths, "chunks: lengths"),
      inputs: tensorsOf(inputs, "chunks: inputs"),
      inputDims: numbers(inputDims, "chunks: inputDims"),
      outputs: tensorsOf(outputs, "chunks: outputs"),
      outputDims: numbers(outputDims, "chunks: outputDims"),
      seed: toInt(seed, "chunks: seed"),
    };
    if (job.programs.some(({ writesHeld }) => writesHeld))
      fail("ERR_TORCH_VALUE", "chunks: the program writes into tensors that all chunks share");
    return external(new Job(job));
  },
  finishChunks(job, stop) {
    const chunks = contentOf(job, Job, "finishChunks", "a job");
    if (toBool(stop, "finishChunks")) chunks.stop();
    else chunks.finish();
  },
} satisfies Native & Record<string, unknown>);
