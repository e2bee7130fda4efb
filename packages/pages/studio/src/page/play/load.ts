// A run's export as the player takes it: models and samples from the server, networks in a worker.
import type { Bridge } from "@dsbm/web";
import type { PlayerOptions } from "@dsbm/web/player";
import { connectBridge } from "@dsbm/web/worker";
import { apiPath } from "../lib/server.js";

export interface Loaded {
  bridge: Bridge;
  samples: Pick<PlayerOptions, "source" | "target" | "conditions">;
}

interface SamplesFile {
  source: number[];
  target: number[];
  conditions: NonNullable<PlayerOptions["conditions"]>;
}

/** Loads the export `id`, which has `files`. Throws an Error with a one-line reason. */
export async function loadExport(
  { id, files }: { id: string; files: readonly string[] },
  signal: AbortSignal,
): Promise<Loaded> {
  const bytes = async (file: string) => {
    if (!files.includes(file)) return null;
    const answer = await fetch(apiPath("export/file", { id, file }), { signal });
    if (!answer.ok) throw new Error(await answer.text());
    return new Uint8Array(await answer.arrayBuffer());
  };
  const json = async (file: string) => {
    const content = await bytes(file);
    return content && (JSON.parse(new TextDecoder().decode(content)) as Record<string, unknown>);
  };
  const description = await json("bridge.json");
  if (!description) throw new Error("the export has no bridge.json");
  const models: Record<string, Uint8Array> = {};
  for (const file of files)
    if (/\.onnx(\.data)?$/.test(file)) models[file] = (await bytes(file)) as Uint8Array;
  const wasm = new Uint8Array(await (await fetch("ort.wasm", { signal })).arrayBuffer());
  const worker = new Worker("worker.js");
  try {
    const bridge = await connectBridge(worker, { source: { bridge: description, models }, wasm });
    const about = (await json("samples.json")) as SamplesFile | null;
    const samplesOf = async (end: "source" | "target") => {
      const data = about && (await bytes(`${end}.f32`));
      return data ? { shape: about[end], data: new Float32Array(data.buffer) } : null;
    };
    const source = await samplesOf("source");
    const target = await samplesOf("target");
    return { bridge, samples: { source, target, ...(about && { conditions: about.conditions }) } };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
