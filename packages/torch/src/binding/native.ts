// Loads the addon, after setting environment variables: UCX must not unmap heap pages or install signal handlers, and
// OpenMP's threads wait by spinning for some tens of microseconds (without a limit they slow other programs down,
// without spinning small operations are slow).
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { TorchError, translate } from "./errors.js";

/** A pointer made by native code, opaque to JavaScript. */
export type External = { readonly __external: unique symbol };

/** The addon's exports; see the comments of the same names under native/. */
export interface Native {
  lookup(name: string, overload: string): number;
  call(op: number, ...args: unknown[]): unknown;
  schemas(name: string): string[];
  release(tensors: External[]): void;
  isDisposed(t: External): boolean;
  shape(t: External): number[];
  stride(t: External): number[];
  dtype(t: External): string;
  device(t: External): string;
  version(t: External): number;
  liveTensors(): number;
  scopeBegin(): void;
  scopeEnd(survivors: External[]): boolean[];
  unscope(t: External): void;
  scopedBytes(): number;
  differentiate(
    outputs: External[],
    gradOutputs: External[],
    inputs: External[] | null,
    retain: boolean,
    create: boolean,
    allowUnused: boolean,
  ): (External | null)[] | null;
  getGrad(t: External): External | null;
  setGrad(t: External, grad: External | null): void;
  requiresGrad(t: External, on?: boolean): boolean;
  gradMode(on?: boolean): boolean;
  inferenceMode<T>(fn: () => T): T;
  unrecorded<T>(fn: () => T): T;
  scripted(
    output: External,
    inputs: External[],
    parameters: External[],
    drawn: External[],
    backward: (
      gradient: External,
      saved: External[],
      parameters: External[],
      wanted: boolean[],
    ) => (External | null)[],
  ): External;
  fromBytes(data: ArrayBufferView, shape: readonly number[], dtype: string): External;
  toBytes(t: External): ArrayBuffer;
  item(t: External): number | bigint | boolean;
  generator(device: string, seed: number | bigint | null): External;
  manualSeed(g: External | null, seed: number | bigint): void;
  generatorSeed(g: External): bigint;
  generatorState(g: External): External;
  setGeneratorState(g: External, state: External): void;
  drainWarnings(): string[];
  numThreads(n?: number): number;
  info(): [version: string, config: string, cudaDevices: string];
  memory(resetPeak: boolean, limit?: number): [current: number, peak: number];
  recordBegin(inputs: External[]): External[];
  recordEnd(outputs: External[]): External;
  recordAbort(): void;
  replay(program: External, inputs: External[]): External[];
  startChunks(
    programs: External[],
    lengths: number[],
    inputs: External[],
    inputDims: number[],
    outputs: External[],
    outputDims: number[],
    threads: number,
    seed: number,
  ): External;
  finishChunks(job: External, stop: boolean): void;
  steps(program: External): string[];
}

/** Where the built addon lies, from the source tree as from the compiled one; DSBM_TORCH_ADDON names another. */
const addonPath =
  process.env.DSBM_TORCH_ADDON ??
  fileURLToPath(new URL("../../build/dsbm_torch.node", import.meta.url));

function load(): Native {
  process.env.UCX_MEM_EVENTS ??= "no";
  process.env.UCX_ERROR_SIGNALS ??= "";
  process.env.OMP_WAIT_POLICY ??= "passive";
  process.env.GOMP_SPINCOUNT ??= "10000";
  if (!existsSync(addonPath)) {
    throw new TorchError(
      "ERR_TORCH_LOAD",
      `the native engine is not built (${addonPath} is missing): run "npm run setup" in the repository`,
    );
  }
  try {
    return createRequire(import.meta.url)(addonPath) as Native;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const cure = /libtorch|libc10/.test(reason)
      ? 'libtorch cannot be loaded: install it ("apt install libtorch-dev libopenblas0-openmp"), or set LIBTORCH and run "npm run setup"'
      : 'the native engine cannot be loaded: run "npm run setup"';
    throw new TorchError("ERR_TORCH_LOAD", `${cure} (${reason})`, undefined, reason);
  }
}

/** The addon itself. For the engine's own files only. */
export const native: Native = load();

/** Whether a recording is under way; kept by the one who makes them. */
export const recording = { isOn: false };

/** Calls native code and translates what it throws. */
export function guarded<T>(fn: () => T, op?: string): T {
  try {
    return fn();
  } catch (error) {
    throw translate(error, op);
  }
}

/** The shared libraries of this process whose path matches, on Linux; empty elsewhere. */
export function mappedLibraries(pattern: RegExp): string[] {
  if (process.platform !== "linux") return [];
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\/\S+\.so[.\d]*/g) ?? [];
  return [...new Set(paths)].filter((path) => pattern.test(path));
}
