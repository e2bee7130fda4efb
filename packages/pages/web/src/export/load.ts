import { type Bridge, WebBridgeError } from "../bridge/bridge.js";
import { createBridge } from "../bridge/create.js";
import type { Network } from "../bridge/dynamics.js";
import type { StateUnits, Units } from "../bridge/units.js";
import { unitsOf } from "../bridge/units.js";
import type { Direction } from "../solver/grid.js";
import { autoencoderUnits } from "./autoencoder.js";
import { conditionInfo, conditionsOf, type GivenRows } from "./conditions.js";
import { type BridgeDescription, readDescription, shapeOfData } from "./description.js";
import { importRuntime, type Runtime, type RuntimeTensor, type Session } from "./runtime.js";

/** An export in memory: bridge.json, parsed, and its model files by name. */
export interface ExportFiles {
  /** The content of bridge.json. */
  bridge: unknown;
  /** Bytes by file name, such as f.onnx. */
  models: Readonly<Record<string, Uint8Array>>;
}

/** Options of `loadBridge`. */
export interface LoadOptions {
  /** `auto` is webgpu if the browser has it (default wasm, which is faster for small networks). */
  device?: "wasm" | "webgpu" | "auto";
  /** ONNX Runtime (default: `onnxruntime-web`, imported when a bridge is loaded). */
  runtime?: Runtime;
}

/**
 * Opens an export: the address of its folder (in Node also its path), or its files in memory.
 * @example const bridge = await loadBridge("rivers/"); const { x } = await bridge.sample([[3.4, 11.73, 6.98, 14.05,
 * 2.48]], { seed: 1 });
 * @throws {WebBridgeError} if it is no export of this version.
 */
export async function loadBridge(
  source: string | URL | ExportFiles,
  { device = "wasm", runtime }: LoadOptions = {},
): Promise<Bridge> {
  const read = typeof source === "string" || source instanceof URL ? readerOf(source) : null;
  const files = read ? null : (source as ExportFiles);
  const json = read ? await parseJson(await read("bridge.json")) : files?.bridge;
  const bridge = readDescription(json);
  const provider =
    device === "auto" ? (globalThis.navigator && "gpu" in navigator ? "webgpu" : "wasm") : device;
  const ort = runtime ?? (await importRuntime(provider));
  const sessions = new Map<string, Session>();
  const fileOf = async (name: string) => {
    const file = read ? await read(name) : files?.models[name];
    if (!file) throw new WebBridgeError(`the model ${name} is not there; give it in models`);
    if (bridge.files) await checkFile(name, file, bridge.files[name]);
    return file;
  };
  const open = async (name: string) => {
    const model = await fileOf(name);
    try {
      const options = { executionProviders: [provider] };
      sessions.set(name, await ort.InferenceSession.create(model, options));
    } catch (error) {
      throw new WebBridgeError(`ONNX Runtime (${provider}) cannot open ${name}: ${error}`);
    }
    return sessions.get(name) as Session;
  };
  // One after the other: WebGPU makes one session at a time.
  for (const { model } of Object.values(bridge.directions).flatMap((d) => d ?? []))
    if (!sessions.has(model)) checkNetwork(model, await open(model), bridge);
  const { autoencoder, state } = bridge;
  const units = autoencoder
    ? autoencoderUnits(
        { images: autoencoder.shape, latents: state.shape, runtime: ort },
        { encoder: await open(autoencoder.encoder), decoder: await open(autoencoder.decoder) },
      )
    : unitsFrom(bridge);
  return bridgeOf(bridge, {
    units,
    network(direction, output) {
      const { model, direction_input } = bridge.directions[direction] ?? {};
      const session = model === undefined ? undefined : sessions.get(model);
      if (!session) return null;
      return networkOf(ort, session, { output, direction: direction_input ?? null, bridge });
    },
    dispose() {
      for (const session of sessions.values()) void session.release();
    },
  });
}

/** @throws {WebBridgeError} if a model has other inputs or outputs than bridge.json says. */
function checkNetwork(
  name: string,
  { inputNames, outputNames }: Session,
  bridge: BridgeDescription,
): void {
  const given = inputNames ?? bridge.inputs;
  const outputs = ["output", "end_output", "jump_output"].flatMap(
    (key) => bridge[key as "output"] ?? [],
  );
  if (
    `${given.toSorted()}` !== `${bridge.inputs.toSorted()}` ||
    outputs.some((output) => outputNames?.includes(output) === false)
  )
    throw new WebBridgeError(
      `${name} takes ${given} and gives ${outputNames}, but bridge.json says ${bridge.inputs} and ${outputs}: it does not belong to this bridge.json; export the run again`,
    );
}

/** Insecure pages have no digests: damage is not found there. */
async function checkFile(
  name: string,
  file: Uint8Array,
  expected: string | undefined,
): Promise<void> {
  if (!globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", file as Uint8Array<ArrayBuffer>),
  );
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== expected)
    throw new WebBridgeError(
      `${name} is damaged: it does not fit its checksum in bridge.json; copy it or export the run again`,
    );
}

/** bridge.json ends with the checksum of the text before it. */
const checksumPattern = /,\n {2}"sha256": "(\w+)"\n}\s*$/;

async function parseJson(bytes: Uint8Array): Promise<unknown> {
  const text = new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
  const [end, checksum] = checksumPattern.exec(text) ?? [];
  if (end)
    await checkFile(
      "bridge.json",
      new TextEncoder().encode(`${text.slice(0, -end.length)}\n}`),
      checksum,
    );
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WebBridgeError(`bridge.json is no JSON (${error}); expected what dsbm export wrote`);
  }
}

interface Models {
  units: StateUnits;
  network(direction: Direction, output: string): Network | null;
  dispose(): void;
}

function bridgeOf(bridge: BridgeDescription, { network, units, dispose }: Models): Bridge {
  const { schedule, state, output, end_output, jump_output } = bridge;
  const both = (name: string) => ({ f: network("f", name), b: network("b", name) });
  const samples = Math.max(0, ...Object.values(bridge.directions).map((d) => d?.samples ?? 0));
  return createBridge({
    shape: state.shape,
    networks: both(output),
    ...(end_output && { ends: both(end_output) }),
    ...(jump_output && { jumps: both(jump_output) }),
    predicts: bridge.kind,
    sigma: bridge.process.sigma,
    times: schedule.times,
    course: bridge.times ?? null,
    mass: bridge.mass ?? false,
    resample: schedule.resample,
    stepVariance: schedule.step_variance,
    ...(schedule.noise_share && { noiseShare: schedule.noise_share }),
    lastNoise: schedule.last_noise,
    eps: schedule.eps,
    means: {
      scales: schedule.scales ?? [],
      deviations: schedule.deviations ?? [],
      meanMatch: schedule.mean_match ?? false,
    },
    units,
    // Such a drift has a weight for each training sample in each row.
    ...(samples > 0 && { batch: Math.max(1, Math.min(1000, Math.floor(2 ** 24 / samples))) }),
    prepare: conditionsOf(bridge),
    dispose,
    info: {
      method: bridge.method,
      type: shapeOfData(bridge).length === 3 && state.type === "vectors" ? "pictures" : state.type,
      columns: bridge.columns,
      direction: bridge.default_direction,
      ends: endNames(bridge.data),
      conditions: conditionInfo(bridge),
    },
  });
}

/**
 * The units of a bridge.json.
 * @throws {WebBridgeError}
 */
export const readUnits = (json: unknown): Units => unitsFrom(readDescription(json));

function unitsFrom(bridge: BridgeDescription): Units {
  const { transform, projection } = bridge;
  return unitsOf({
    shape: shapeOfData(bridge),
    standardisation: transform,
    projection: projection && {
      ...projection,
      mean: floats(projection.mean),
      basis: floats(projection.basis),
    },
  });
}

function floats(base64: string): Float32Array {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Names of source and target, told apart if they are equal. */
export function endNames(data: BridgeDescription["data"]): [string, string] {
  const source = data?.source.name ?? "source";
  const target = data?.target?.name ?? (data ? "a Gaussian" : "target");
  return source === target ? [`${source} (source)`, `${target} (target)`] : [source, target];
}

function networkOf(
  { Tensor }: Runtime,
  session: Session,
  {
    output,
    direction,
    bridge,
  }: {
    output: string;
    direction: number | null;
    bridge: Pick<BridgeDescription, "inputs" | "state">;
  },
): Network {
  return async (x, { n, time, interval, step, noise, conditions }) => {
    const rows = (conditions ?? {}) as GivenRows;
    const all = (value: number) => new Tensor("float32", new Float32Array(n).fill(value), [n]);
    const { data: cond = new Float32Array(), shape = [0] } = rows.cond ?? {};
    const type =
      cond instanceof Float32Array ? "float32" : cond instanceof Float64Array ? "float64" : "int64";
    const states = (data: Float32Array) => new Tensor("float32", data, [n, ...bridge.state.shape]);
    const inputs: Record<string, () => RuntimeTensor> = {
      x: () => states(x),
      t: () => all(time),
      direction: () => all(direction ?? 0),
      cond: () => new Tensor(type, cond, shape),
      y: () => new Tensor("int64", rows.y ?? new BigInt64Array(), [n]),
      interval: () => new Tensor("int64", new BigInt64Array(n).fill(BigInt(interval)), [n]),
      step: () => all(step ?? 0),
      noise: () => states(noise ?? new Float32Array(x.length)),
    };
    const feeds = Object.fromEntries(bridge.inputs.map((name) => [name, inputs[name]?.()]));
    const result = (await session.run(feeds, [output]))[output];
    for (const tensor of Object.values(feeds)) tensor.dispose();
    const data = await result?.getData(true);
    if (!(data instanceof Float32Array) || data.length !== x.length)
      throw new WebBridgeError(
        `the model gave ${result?.type} [${result?.dims}] for samples of [${n}, ${bridge.state.shape}]; it does not belong to this bridge.json`,
      );
    return data;
  };
}

function readerOf(source: string | URL): (name: string) => Promise<Uint8Array> {
  const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;
  const text = String(source);
  const isRemote = /^(https?|blob|data):/.test(text);
  if (isNode && !isRemote) return fromDisk(source);
  const folder = `${text.replace(/bridge\.json$/, "").replace(/([^/])$/, "$1/")}`;
  return async (name) => {
    const address = new URL(name, new URL(folder, isNode ? undefined : ownAddress()));
    const answer = await fetch(address);
    if (!answer.ok)
      throw new WebBridgeError(
        `${address} answers ${answer.status}; expected the folder that dsbm export wrote, with ${name}`,
      );
    return new Uint8Array(await answer.arrayBuffer());
  };
}

const ownAddress = () => globalThis.document?.baseURI ?? globalThis.location?.href;

function fromDisk(source: string | URL): (name: string) => Promise<Uint8Array> {
  return async (name) => {
    // Names that no bundler follows: browsers have no such modules.
    const load = (module: string) => import(/* @vite-ignore */ /* webpackIgnore: true */ module);
    const [fs, path, url] = await Promise.all(
      ["node:fs/promises", "node:path", "node:url"].map(load),
    );
    const text = /^file:/.test(String(source)) ? url.fileURLToPath(source) : String(source);
    const file = path.join(text.replace(/bridge\.json$/, ""), name);
    try {
      return new Uint8Array(await fs.readFile(file));
    } catch (error) {
      const { message } = error as Error;
      throw new WebBridgeError(
        `${file} cannot be read (${message}); expected the folder that dsbm export wrote`,
      );
    }
  };
}
