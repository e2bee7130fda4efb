// ONNX Runtime for the web, imported when the first bridge is loaded.
import type { InferenceSession, Tensor } from "onnxruntime-web";

/** The used part of onnxruntime-web, whichever of its builds it is. */
export interface Runtime {
  InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: typeof Tensor;
}

export async function importRuntime(device: "wasm" | "webgpu"): Promise<Runtime> {
  if (device === "webgpu") return import("onnxruntime-web/webgpu");
  const ort = await import("onnxruntime-web/wasm");
  // Threads need workers (other ones in Node) and pages that are isolated from other origins.
  if (!globalThis.crossOriginIsolated) ort.env.wasm.numThreads = 1;
  return ort;
}
