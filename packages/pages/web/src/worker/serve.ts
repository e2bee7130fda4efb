import { type Bridge, WebBridgeError } from "../bridge/bridge.js";
import type { Answer, Ask, LoadRequest } from "./messages.js";

interface Port {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: Answer): void;
}

/** Answers the page that made this worker; `load` opens the bridge of a request. */
export function serveBridge(
  load: (request: LoadRequest) => Promise<Bridge>,
  port: Port = globalThis as unknown as Port,
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
