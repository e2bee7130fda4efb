// Loads an engine: libtorch's addon (built first if missing), or the portable one.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { type External, type Native, portable } from "@dsbm/portable";
import { TorchError, translate } from "./errors.js";
import { checkAddressSpace } from "./limits.js";

export type { External, Native };

const pathFrom = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const customPath = process.env.DSBM_TORCH_ADDON;
/** The file of the native addon, also if the portable engine runs. */
export const addonPath: string = customPath ?? pathFrom("../../build/dsbm_torch.node");

/**
 * Builds the addon. Synchronous, as imports are.
 * @throws the reason if it cannot.
 */
function build(): void {
  const script = pathFrom("../../addon/build.mjs");
  const stdio: ("ignore" | "pipe" | "inherit")[] = ["ignore", "pipe", "inherit"];
  const { status, signal, stdout } = spawnSync(process.execPath, [script], { stdio });
  if (status === 0) return;
  const reason = signal ? `the build was stopped by ${signal}` : stdout.toString().trimEnd();
  throw new TorchError("ERR_TORCH_LOAD", reason, { cause: reason });
}

/**
 * Refuses a second copy of the addon: libtorch ends a process that registers the same operators twice.
 * @throws if the process holds the addon of another path (on Linux)
 */
function checkSingleAddon(): void {
  const path = realpathSync(addonPath);
  const other = mappedLibraries(/\/dsbm_torch\.node$/).find((mapped) => mapped !== path);
  if (!other) return;
  const reason = `this process holds another copy of the engine already, ${other}: expected one copy of @dsbm/torch; remove one (npm ls @dsbm/torch shows them, npm dedupe removes it), or set DSBM_TORCH_ADDON=${other}`;
  throw new TorchError("ERR_TORCH_LOAD", `the engine ${path} cannot be loaded: ${reason}`, {
    cause: reason,
  });
}

/** Environment variables: UCX must not unmap heap pages or install signal handlers, and OpenMP's threads spin shortly. */
function loadAddon(): Native {
  checkAddressSpace();
  process.env.UCX_MEM_EVENTS ??= "no";
  process.env.UCX_ERROR_SIGNALS ??= "";
  process.env.OMP_WAIT_POLICY ??= "passive";
  process.env.GOMP_SPINCOUNT ??= "10000";
  if (!customPath && !existsSync(addonPath)) build();
  if (existsSync(addonPath)) checkSingleAddon();
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

/** Names of the engines. */
export type EngineName = "libtorch" | "portable";

interface EngineChoice {
  name: EngineName;
  native: Native;
  /** Why libtorch does not run, if nobody asked for the portable engine. */
  reason: string | null;
}

/** The engine that DSBM_ENGINE asks for: by default libtorch, or the portable one where libtorch cannot be built. */
function chooseEngine(): EngineChoice {
  const name = process.env.DSBM_ENGINE || null;
  if (name === "portable") return { name, native: portable, reason: null };
  if (name !== null && name !== "libtorch")
    throw new TorchError(
      "ERR_TORCH_LOAD",
      `DSBM_ENGINE=${name}: expected libtorch or portable; unset it for libtorch where it can be built`,
    );
  try {
    return { name: "libtorch", native: loadAddon(), reason: null };
  } catch (error) {
    // LIBTORCH names a libtorch: another engine would hide a wrong path.
    const isAskedFor = name !== null || customPath !== undefined || Boolean(process.env.LIBTORCH);
    if (isAskedFor || existsSync(addonPath) || !(error instanceof TorchError)) throw error;
    return { name: "portable", native: portable, reason: error.message };
  }
}

const choice = chooseEngine();
/** The engine of this process. */
export const engineName: EngineName = choice.name;
/** Why libtorch does not run, if nobody asked for the portable engine; else null. */
export const engineReason: string | null = choice.reason;
/** The engine: the native addon, or its portable twin. */
export const native: Native = choice.native;
// The addon asks the machine before it takes memory; a container, job or service may have less.
const memoryLimit = process.constrainedMemory() ?? 0;
if (memoryLimit > 0 && memoryLimit < totalmem())
  native.memory(false, Math.max(1, memoryLimit - process.memoryUsage.rss()));

/**
 * The result of `fn`. Errors of the addon become TorchErrors that name `op`.
 * @throws {TorchError} if the addon fails
 */
export function withTorchErrors<T>(fn: () => T, op?: string): T {
  try {
    return fn();
  } catch (error) {
    throw translate(error, op);
  }
}

/** Names the libtorch behind the addon; null for the portable engine and an addon of DSBM_TORCH_ADDON. */
export function builtAgainst(): string | null {
  const record = pathFrom("../../build/libtorch.json");
  if (engineName === "portable" || customPath || !existsSync(record)) return null;
  const { kind, root, version } = JSON.parse(readFileSync(record, "utf8"));
  return `libtorch ${version} (${kind}, ${root})`;
}

/** The shared libraries and addons of this process whose path matches, on Linux; empty elsewhere. */
export function mappedLibraries(pattern: RegExp): string[] {
  if (process.platform !== "linux") return [];
  const paths = readFileSync("/proc/self/maps", "utf8").match(/\/\S+\.(so[.\d]*|node)/g) ?? [];
  return [...new Set(paths)].filter((path) => pattern.test(path));
}
