// The page's side of a bridge in a worker, so that the page keeps drawing.
import {
  type Bridge,
  type BridgeInfo,
  type Rows,
  type Sampled,
  type SampleOptions,
  WebBridgeError,
} from "../bridge/bridge.js";
import type { Answer, Ask, LoadRequest } from "./messages.js";

interface Waiting {
  resolve(value: never): void;
  reject(error: unknown): void;
  onStep?: SampleOptions["onStep"] | undefined;
}

/** Opens a bridge in a worker that runs `serveBridge`; `dispose` ends the worker. Throws a WebBridgeError. */
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
