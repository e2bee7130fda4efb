// The script of a page with a bridge: unpacks its elements, starts the worker, mounts the player.
import type { Conditions } from "../bridge/bridge.js";
import { mountPlayer } from "../player/mount.js";
import { connectBridge } from "../worker/index.js";

interface PageContent {
  bridge: unknown;
  source: number[] | null;
  target: number[] | null;
  /** Shapes of samples of intermediate times. */
  between: number[][];
  conditions: { source: Conditions | null; target: Conditions | null };
  models: Record<string, string>;
}

const textOf = (id: string): string => document.getElementById(id)?.textContent?.trim() ?? "";

async function bytesOf(id: string): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(textOf(id)), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function samplesOf(id: string, shape: number[] | null) {
  if (!shape) return null;
  return { data: new Float32Array((await bytesOf(id)).buffer), shape };
}

async function start(place: HTMLElement): Promise<void> {
  const page: PageContent = JSON.parse(textOf("page"));
  const models = Object.fromEntries(
    await Promise.all(
      Object.entries(page.models).map(async ([name, id]) => [name, await bytesOf(id)] as const),
    ),
  );
  const script = new Blob([textOf("worker")], { type: "text/javascript" });
  const source = { bridge: page.bridge, models };
  const wasm = document.getElementById("wasm") && (await bytesOf("wasm"));
  const worker = new Worker(URL.createObjectURL(script));
  const bridge = await connectBridge(worker, { source, ...(wasm && { wasm }) });
  place.replaceChildren();
  mountPlayer(place, bridge, {
    source: await samplesOf("source", page.source),
    target: await samplesOf("target", page.target),
    between: await Promise.all(
      page.between.map(async (shape, i) => ({
        data: new Float32Array((await bytesOf(`between-${i}`)).buffer),
        shape,
      })),
    ),
    conditions: page.conditions,
  });
}

const place = document.getElementById("player") as HTMLElement;
start(place).catch((error: Error) => {
  place.textContent = `This bridge cannot be played here: ${error.message}`;
});
