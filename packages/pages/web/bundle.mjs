// Bundles the scripts of pages to dist/bundle: the player's, and the worker's with ONNX Runtime,
// with its WebAssembly next to it. The npm package has them ready: writing a page needs no bundler
// and no onnxruntime-web.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const packageFolder = fileURLToPath(new URL(".", import.meta.url));
const bundleFolder = join(packageFolder, "dist/bundle");

async function write(name, entry, { format, ...input }) {
  const bundle = await rolldown({
    input: join(packageFolder, "dist", entry),
    platform: "browser",
    ...input,
  });
  await bundle.write({
    file: join(bundleFolder, name),
    format,
    minify: true,
    codeSplitting: false,
  });
  await bundle.close();
}

await write("page.js", "page/page.js", { format: "esm" });
// A page from a file may start no worker that is a module.
await write("worker.js", "worker/worker.js", {
  format: "iife",
  transform: { define: { "import.meta.url": "self.location.href" } },
  // The worker is given its runtime; WebGPU has one of its own.
  external: ["onnxruntime-web/webgpu"],
});
// Models of its pages are opened by a runtime of our own.
await write("plain-worker.js", "worker/plain-worker.js", {
  ...{ format: "iife", external: [/^onnxruntime-web/] },
});
const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
writeFileSync(join(bundleFolder, "ort.wasm.gz"), gzipSync(readFileSync(wasm), { level: 9 }));
