// `loadBridge` in a page that a bundler made, served over the loopback: the same samples in WebAssembly and in WebGPU, by
// chromium's software adapter. Long, because of ONNX Runtime's size: npm run check:browser (CHECK_FRAMES=1).
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../support/scratch.js";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const folder = scratch();
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");

describe.skipIf(!executablePath || !process.env.CHECK_FRAMES)("a bridge in a page", () => {
  let browser: Browser;
  let server: Server;
  let address = "";

  beforeAll(async () => {
    const entry = join(folder, "entry.js");
    writeFileSync(
      entry,
      `import { loadBridge } from ${JSON.stringify(path("packages/pages/web/dist/index.js"))};
       globalThis.run = async (device) => {
         const bridge = await loadBridge("/export/", { device });
         const { x } = await bridge.sample([[10, 20], [12, 22]], { seed: 3 });
         return { x, isThere: Boolean(navigator.gpu && (await navigator.gpu.requestAdapter())) };
       };`,
    );
    const bundle = await rolldown({
      input: entry,
      platform: "browser",
      resolve: { modules: [path("node_modules")] },
    });
    await bundle.write({ dir: join(folder, "page"), format: "esm" });
    await bundle.close();
    const { tinyExport } = await import("../../packages/pages/web/test/tiny-export.js");
    const { bridge, models } = tinyExport();
    const files: Record<string, string | Uint8Array> = {
      "": '<!doctype html><script type="module" src="/page/entry.js"></script>',
      "bridge.json": JSON.stringify(bridge),
      ...models,
    };
    server = createServer(({ url = "/" }, response) => {
      const name = basename(url);
      const own = files[name];
      const place = join(name.endsWith(".wasm") ? dirname(wasm) : join(folder, "page"), name);
      const type = { ".js": "text/javascript", "": "text/html" }[name.match(/\.js$/)?.[0] ?? name];
      if (own === undefined && !existsSync(place)) return response.writeHead(404).end();
      response.writeHead(200, { "content-type": type ?? "application/wasm" });
      return response.end(own ?? readFileSync(place));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({
      executablePath: executablePath,
      args: [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan,WebGPU",
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it("gives the same samples in WebAssembly and in WebGPU", async () => {
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForFunction("globalThis.run");
    const run = (device: string) =>
      page.evaluate(`globalThis.run("${device}")`) as Promise<{ x: number[][]; isThere: boolean }>;
    const { x, isThere } = await run("wasm");
    if (!isThere) return console.log("chromium has no WebGPU adapter here");
    const found = await run("webgpu");
    for (const [i, row] of x.entries())
      for (const [j, value] of row.entries()) expect(found.x[i]?.[j]).toBeCloseTo(value, 4);
  });
});
