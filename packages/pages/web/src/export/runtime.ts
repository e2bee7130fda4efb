// ONNX Runtime, imported with the first bridge. Its types are written out here: other runtimes need no install of it.
import { WebBridgeError } from "../bridge/bridge.js";

/** A tensor of ONNX Runtime. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  getData(releases?: boolean): Promise<unknown>;
  dispose(): void;
}

/** A loaded model of ONNX Runtime. */
export interface Session {
  /** Inputs of the model; runtimes may omit them. */
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  run(
    feeds: Record<string, RuntimeTensor>,
    outputs: readonly string[],
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

/** The used part of any build of onnxruntime-web. */
export interface Runtime {
  /** Loads a model. */
  InferenceSession: {
    create(
      model: Uint8Array,
      options?: { executionProviders?: readonly string[] },
    ): Promise<Session>;
  };
  /** An input: type, data and dimensions. */
  Tensor: new (
    type: "float32" | "float64" | "int64",
    data: Float32Array | Float64Array | BigInt64Array,
    dims: readonly number[],
  ) => RuntimeTensor;
}

/** @throws {WebBridgeError} if onnxruntime-web is not installed. */
export async function importRuntime(device: "wasm" | "webgpu"): Promise<Runtime> {
  try {
    if (device === "webgpu") return (await import("onnxruntime-web/webgpu")) as unknown as Runtime;
    const ort = await import("onnxruntime-web/wasm");
    // Threads need workers (other ones in Node) and pages that are isolated from other origins.
    if (!globalThis.crossOriginIsolated) ort.env.wasm.numThreads = 1;
    return ort as unknown as Runtime;
  } catch (cause) {
    throw new WebBridgeError(
      `onnxruntime-web cannot be imported (${cause}): install it (npm install onnxruntime-web), or give runtime: plainRuntime of @dsbm/web/plain, which runs MLPs`,
      { cause },
    );
  }
}
