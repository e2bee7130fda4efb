// The exported bridge of a run as the player takes it: models and samples from the server, networks in a worker.
import type { Bridge } from "@dsbm/web";
import type { PlayerOptions } from "@dsbm/web/player";
import { connectBridge } from "@dsbm/web/worker";
import { apiPath } from "../lib/server.js";

export interface Loaded {
  bridge: Bridge;
  samples: Pick<PlayerOptions, "source" | "target">;
}

/** Loads the export `id`. Throws an Error with what is wrong in a line. */
export async function loadExport(id: string, signal: AbortSignal): Promise<Loaded> {
  const bytes = async (file: string) => {
    const answer = await fetch(apiPath("export/file", { id, file }), { signal });
    return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
  };
  const json = async (file: string) => {
    const found = await bytes(file);
    return found && (JSON.parse(new TextDecoder().decode(found)) as Record<string, unknown>);
  };
  const found = await json("bridge.json");
  if (!found) throw new Error("the export has no bridge.json");
  const models: Record<string, Uint8Array> = {};
  for (const { model } of Object.values(found.directions as Record<string, { model: string }>))
    for (const file of [model, `${model}.data`]) {
      const content = models[file] ?? (await bytes(file));
      if (content) models[file] = content;
    }
  const wasm = new Uint8Array(await (await fetch("ort.wasm", { signal })).arrayBuffer());
  const worker = new Worker("worker.js", { type: "module" });
  try {
    const bridge = await connectBridge(worker, { source: { bridge: found, models }, wasm });
    const shapes = (await json("samples.json")) as Record<string, number[]> | null;
    const ends = await Promise.all(
      ["source", "target"].map(async (end) => {
        const [shape, data] = [shapes?.[end], shapes?.[end] && (await bytes(`${end}.f32`))];
        return shape && data ? { shape, data: new Float32Array(data.buffer) } : null;
      }),
    );
    return { bridge, samples: { source: ends[0] ?? null, target: ends[1] ?? null } };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
