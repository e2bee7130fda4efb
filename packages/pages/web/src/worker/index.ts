// A bridge in a worker: `serveBridge` in the worker's script, `connectBridge` in the page.
import {
  type Bridge,
  type BridgeInfo,
  type Rows,
  type Sampled,
  type SampleOptions,
  type State,
  WebBridgeError,
} from "../bridge/bridge.js";
import type { ExportFiles } from "../export/load.js";

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
  onStep?: SampleOptions["onStep"] | undefined;
}

/**
 * Opens a bridge in a worker that runs `serveBridge`; `dispose` ends the worker.
 * @throws {WebBridgeError}
 */
export async function connectBridge(worker: Worker, request: LoadRequest): Promise<Bridge> {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const ask = <T>(
    make: (id: number) => Ask,
    onStep?: SampleOptions["onStep"],
  ): [number, Promise<T>] => {
    const id = ++last;
    const answer = new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve, reject, onStep });
    });
    worker.postMessage(make(id));
    return [id, answer];
  };
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const { resolve, reject, onStep } = waiting.get(data.id) ?? {};
    if (data.type === "state") {
      void onStep?.(data.state);
      return;
    }
    waiting.delete(data.id);
    if (data.type === "error")
      reject?.(data.isOurs ? new WebBridgeError(data.message) : new Error(data.message));
    else resolve?.((data.type === "loaded" ? data.info : data.result) as never);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the worker failed: ${event.message ?? "its script could not be loaded"}`));
    waiting.clear();
  };
  const [, loaded] = ask<BridgeInfo>((id) => ({ id, type: "load", request }));
  const info = await loaded;
  return {
    info,
    async sample<R extends Rows>(x0: R, { onStep, signal, ...options }: SampleOptions = {}) {
      signal?.throwIfAborted();
      const [id, sampled] = ask<Sampled<R>>(
        (id) => ({ id, type: "sample", x0, options }),
        onStep && ((state) => !signal?.aborted && onStep(state)),
      );
      const abort = () => worker.postMessage({ id, type: "abort" } satisfies Ask);
      signal?.addEventListener("abort", abort);
      try {
        return await sampled;
      } catch (error) {
        throw signal?.aborted ? signal.reason : error;
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    dispose: () => worker.terminate(),
  };
}

/** What a worker loads: a folder's address, or files. */
export interface LoadRequest {
  source: string | ExportFiles;
  /** ONNX Runtime's own file, or its address, if it is not next to the script. */
  wasm?: string | Uint8Array;
}

/** A message of the page to its worker. */
export type Ask =
  | { id: number; type: "load"; request: LoadRequest }
  | { id: number; type: "sample"; x0: Rows; options: Omit<SampleOptions, "onStep" | "signal"> }
  | { id: number; type: "abort" };

/** A message of a worker to its page. */
export type Answer =
  | { id: number; type: "loaded"; info: BridgeInfo }
  | { id: number; type: "state"; state: State }
  | { id: number; type: "sampled"; result: Sampled }
  | { id: number; type: "error"; message: string; isOurs: boolean };

interface WorkerPort {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: Answer): void;
}

/**
 * Answers the page that made this worker; `load` opens the bridge of a request. A request before `load` is answered with
 * the error that it throws.
 */
export function serveBridge(
  load: (request: LoadRequest) => Promise<Bridge>,
  port: WorkerPort = globalThis as unknown as WorkerPort,
): void {
  let bridge: Bridge | null = null;
  const running = new Map<number, AbortController>();
  const answer = async (ask: Ask): Promise<Answer | null> => {
    const { id } = ask;
    if (ask.type === "load") {
      bridge = await load(ask.request);
      return { id, type: "loaded", info: bridge.info };
    }
    if (ask.type === "abort") {
      running.get(id)?.abort();
      return null;
    }
    if (!bridge) throw new WebBridgeError("the worker has no bridge; load one first");
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const result = await bridge.sample(ask.x0, {
        ...ask.options,
        signal: controller.signal,
        onStep: (state) => port.postMessage({ id, type: "state", state }),
      });
      return { id, type: "sampled", result };
    } finally {
      running.delete(id);
    }
  };
  port.onmessage = ({ data }: MessageEvent<Ask>) => {
    answer(data).then(
      (message) => message && port.postMessage(message),
      (error: unknown) =>
        port.postMessage({
          id: data.id,
          type: "error",
          isOurs: error instanceof WebBridgeError,
          message: error instanceof Error ? error.message : String(error),
        }),
    );
  };
}
