// Loads the addon (built first if missing) with environment variables: UCX must not unmap heap pages or install
// signal handlers, and OpenMP's threads spin for some tens of microseconds only.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { TorchError, translate } from "./errors.js";
import { checkAddressSpace } from "./limits.js";

export type External = { readonly __external: unique symbol };

/** The addon's exports; see the comments of the same names under native/. */
export interface Native {
  lookup(name: string, overload: string): number;
  call(op: number, spare: External | undefined, ...args: unknown[]): unknown;
  schemas(name: string): string[];
  release(tensors: External[]): void;
  isDisposed(t: External): boolean;
  shape(t: External): number[];
  stride(t: External): number[];
  dtype(t: External): string;
  device(t: External): string;
  scopeBegin(): void;
  scopeEnd(survivors: External[]): boolean[];
  unscope(t: External): void;
  scopedBytes(): number;
  differentiate(
    outputs: External[],
    gradOutputs: External[],
    inputs: External[] | null,
    retain: boolean,
    allowUnused: boolean,
  ): (External | null)[] | null;
  getGrad(t: External): External | null;
  setGrad(t: External, grad: External | null): void;
  requiresGrad(t: External, on?: boolean): boolean;
  gradMode(on?: boolean): boolean;
  autocast(dtype: string | null): void;
  scripted(
    output: External,
    inputs: External[],
    parameters: External[],
    drawn: External[],
    backward: (gradient: External, saved: External[], needs: boolean[]) => (External | null)[],
  ): External;
  fromBytes(data: ArrayBufferView, shape: readonly number[], dtype: string): External;
  toBytes(t: External): ArrayBuffer;
  item(t: External): number | bigint | boolean;
  generator(device: string, seed: number | bigint | null): External;
  manualSeed(g: External | null, seed: number | bigint): void;
  generatorState(g: External): External;
  setGeneratorState(g: External, state: External): void;
  numThreads(n?: number): number;
  info(): [version: string, config: string, cudaDevices: string];
  memory(
    resetPeak: boolean,
    limit?: number,
  ): [current: number, peak: number, allocations: number, live: number];
  watchSignals(last: string): void;
  unwatchSignals(): void;
  recordBegin(inputs: External[]): External[];
  recordEnd(outputs: External[]): External;
  recordAbort(): void;
  replay(program: External, inputs: External[], only: boolean): External[] | null;
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
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const customPath = process.env.DSBM_TORCH_ADDON;
export const addonPath: string = customPath ?? here("../../build/dsbm_torch.node");

/** Builds the addon. Synchronous, as imports are. Throws the reason if it cannot. */
function build(): void {
  const script = here("../../addon/build.mjs");
  const stdio: ("ignore" | "pipe" | "inherit")[] = ["ignore", "pipe", "inherit"];
  const { status, signal, stdout } = spawnSync(process.execPath, [script], { stdio });
  if (status === 0) return;
  const reason = signal ? `the build was stopped by ${signal}` : stdout.toString().trimEnd();
  throw new TorchError("ERR_TORCH_LOAD", reason, { cause: reason });
}

function load(): Native {
  checkAddressSpace();
  process.env.UCX_MEM_EVENTS ??= "no";
  process.env.UCX_ERROR_SIGNALS ??= "";
  process.env.OMP_WAIT_POLICY ??= "passive";
  process.env.GOMP_SPINCOUNT ??= "10000";
  if (!customPath && !existsSync(addonPath)) build();
  for (let isRenewed = false; ; isRenewed = true) {
    try {
      return createRequire(import.meta.url)(addonPath) as Native;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (customPath || isRenewed) {
        const text = customPath
          ? "the engine of DSBM_TORCH_ADDON"
          : "the engine, though just built,";
        const message = `${text} cannot be loaded: ${reason}`;
        throw new TorchError("ERR_TORCH_LOAD", message, { cause: reason });
      }
      build(); // libtorch is gone, or differs from the linked libtorch
    }
  }
}

export const native: Native = load();
// The addon asks the machine before it takes memory; a container, job or service may have less.
const constrained = process.constrainedMemory() ?? 0;
if (constrained > 0 && constrained < totalmem())
  native.memory(false, Math.max(1, constrained - process.memoryUsage.rss()));

export function guarded<T>(fn: () => T, op?: string): T {
  try {
    return fn();
  } catch (error) {
    throw translate(error, op);
  }
}

/** Names the libtorch behind the addon; null for an addon of DSBM_TORCH_ADDON. */
export function builtAgainst(): string | null {
  const record = here("../../build/libtorch.json");
  if (customPath || !existsSync(record)) return null;
  const { kind, root, version } = JSON.parse(readFileSync(record, "utf8"));
  return `libtorch ${version} (${kind}, ${root})`;
}

/** The shared libraries of this process whose path matches, on Linux; empty elsewhere. */
export function mappedLibraries(pattern: RegExp): string[] {
  if (process.platform !== "linux") return [];
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\/\S+\.so[.\d]*/g) ?? [];
  return [...new Set(paths)].filter((path) => pattern.test(path));
}
