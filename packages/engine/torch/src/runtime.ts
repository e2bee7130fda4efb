import { refusedOption } from "./binding/errors.js";
import {
  addonPath,
  builtAgainst,
  type EngineName,
  engineName,
  engineReason,
  mappedLibraries,
  native,
  withTorchErrors,
} from "./binding/native.js";

/** The number of threads in an operation. */
export function getNumThreads(): number {
  return native.numThreads();
}

/**
 * Sets the number of threads in an operation, from 1 to 1,024.
 * @throws {TorchError} for other numbers.
 */
export function setNumThreads(n: number): void {
  if (!(Number.isInteger(n) && n >= 1 && n <= 1024))
    throw refusedOption(
      `setNumThreads: expected an integer from 1 to 1024, got ${typeof n === "number" ? n : typeof n}`,
    );
  withTorchErrors(() => native.numThreads(n), "setNumThreads");
}

/** Bytes of tensors now and at the peak, live tensors, and allocations so far. */
export interface MemoryStatistics {
  /** Bytes of tensors now. */
  current: number;
  /** Most bytes at once. */
  peak: number;
  /** Tensors without `dispose` so far. */
  live: number;
  /** Allocations so far. */
  allocations: number;
}

/** Memory of tensors; `resetPeak` starts a new peak. */
export function memory({ resetPeak = false }: { resetPeak?: boolean } = {}): MemoryStatistics {
  const [current, peak, allocations, live] = withTorchErrors(
    () => native.memory(resetPeak),
    "memory",
  );
  return { current, peak, live, allocations };
}

/**
 * Bounds the bytes of CPU tensors in the process (Infinity: no bound): beyond, operations throw ERR_TORCH_MEMORY.
 * @throws {TorchError}
 */
export function setMemoryLimit(bytes: number): void {
  withTorchErrors(() => native.memory(false, bytes === Infinity ? 0 : bytes), "setMemoryLimit");
}

/** Versions, libraries and devices of the engine. */
export interface EngineInfo {
  /** The engine of this process. */
  engine: EngineName;
  /** Why libtorch does not run, if nobody asked for the portable engine. */
  reason: string | null;
  /** The engine's version: of libtorch or of the portable engine. */
  version: string;
  /** The path of the native addon; null for the portable engine. */
  addon: string | null;
  /**
   * The linked libtorch, for example `libtorch 2.6.0 (debian, /usr)`; null for an addon of
   * DSBM_TORCH_ADDON.
   */
  builtAgainst: string | null;
  /** The path of the loaded library, if known. */
  libtorch: string | null;
  /** The path of the loaded BLAS, if known. */
  blas: string | null;
  /** `openmp`, `pthread`, `serial` or unknown (null). */
  blasThreads: "openmp" | "pthread" | "serial" | null;
  /** Threads in an operation. */
  threads: number;
  /** Whether a GPU can be used. */
  cuda: boolean;
  /** Such as cpu, cuda:0. */
  devices: string[];
  /** PyTorch's description of its build. */
  config: string;
}
const threadingOfBlas = [
  ["openmp", /openmp|openblaso/],
  ["pthread", /pthread|openblasp/],
  ["serial", /serial/],
] as const;
/** Versions, libraries and devices of the engine. */
export function engineInfo(): EngineInfo {
  const [version, config, count] = native.info();
  const cudaDevices = Number(count);
  const blas = mappedLibraries(/(openblas|libblas|mkl|blis)/)[0] ?? null;
  return {
    engine: engineName,
    reason: engineReason,
    version,
    addon: engineName === "libtorch" ? addonPath : null,
    builtAgainst: builtAgainst(),
    libtorch: mappedLibraries(/libtorch_cpu/)[0] ?? null,
    blas,
    blasThreads: threadingOfBlas.find(([, names]) => blas && names.test(blas))?.[0] ?? null,
    threads: getNumThreads(),
    cuda: cudaDevices >= 0,
    devices: ["cpu", ...Array.from({ length: Math.max(0, cudaDevices) }, (_, i) => `cuda:${i}`)],
    config,
  };
}
