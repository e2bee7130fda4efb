// What the tests of exports share: a function of tensors as an ONNX model in ONNX Runtime (WebAssembly, one thread).

import * as T from "@dsbm/torch";
import { plainRuntime } from "@dsbm/web/plain";
import * as ort from "onnxruntime-web";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { convert } from "../src/convert.js";
import { encodeModel } from "../src/onnx/model.js";
import { trace } from "../src/trace.js";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export type Function = (...inputs: T.Tensor[]) => T.Tensor;

/** A named input of a function: a tensor of so many rows. */
export type Inputs = Readonly<Record<string, (n: number) => T.Tensor>>;

/** The model of a function. */
export function modelOf(fn: Function, inputs: Inputs): Uint8Array {
  const makers = Object.values(inputs);
  return T.tidy(() => {
    const found = trace(
      (...given) => [fn(...given)],
      (n) => makers.map((make) => make(n)),
    );
    const names = { inputs: Object.keys(inputs), outputs: ["out"] };
    return encodeModel({ graph: convert(found, names), about: "", metadata: {} });
  });
}

const feedOf = (tensor: T.Tensor) =>
  new ort.Tensor(tensor.dtype as "float32", tensor.contiguous().rawArray(), tensor.shape);

export async function open(
  model: Uint8Array,
  options: ort.InferenceSession.SessionOptions = {},
): Promise<ort.InferenceSession> {
  return await ort.InferenceSession.create(model, { logSeverityLevel: 3, ...options });
}

export async function run(
  session: ort.InferenceSession,
  inputs: Readonly<Record<string, T.Tensor>>,
  output = "out",
): Promise<T.Tensor> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, feedOf(tensor)]),
  );
  const found = (await session.run(feeds, [output]))[output];
  return T.tensor(found.data as Float32Array, { shape: [...found.dims] });
}

/**
 * The largest difference between model and function for 1 and 7 rows, over the largest value of the function; `plain`:
 * without ONNX Runtime.
 */
export async function deviation(
  fn: Function,
  inputs: Inputs,
  { plain = false }: { plain?: boolean } = {},
): Promise<number> {
  const model = modelOf(fn, inputs);
  const session = await (plain
    ? (plainRuntime as typeof ort).InferenceSession.create(model)
    : open(model));
  let worst = 0;
  for (const n of [1, 7]) {
    const given = Object.fromEntries(Object.entries(inputs).map(([name, make]) => [name, make(n)]));
    const wanted = T.noGrad(() => fn(...Object.values(given)));
    const found = await run(session, given);
    const scale = wanted.abs().amax().item();
    worst = Math.max(worst, distance(found, wanted) / scale);
  }
  await session.release();
  return worst;
}

/** Standard normal numbers of a shape after the rows, the same at every call. */
export const normal =
  (shape: readonly number[], seed = 1) =>
  (n: number): T.Tensor =>
    T.randn([n, ...shape], { generator: generatorOf(seed) });

/** Times within (0, 1). */
export const times = (n: number): T.Tensor =>
  T.rand([n], { generator: generatorOf(2) })
    .mul(0.9)
    .add(0.05);
