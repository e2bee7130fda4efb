// The size of this package in a page, without ONNX Runtime; a page pays only for the parts that it
// uses.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** Bytes of a minified module that imports some names, packed with gzip. */
async function sizeOf(names: string, from = "index.ts") {
  const bundle = await rolldown({
    input: "entry",
    external: /^onnxruntime-web/,
    resolve: { extensionAlias: { ".js": [".ts"] } },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : null),
        load: (id) =>
          id === "entry" ? `export ${names} from ${JSON.stringify(source + from)};` : null,
      },
    ],
  });
  const { output } = await bundle.generate({ minify: true, codeSplitting: false });
  await bundle.close();
  return gzipSync(output.map((part) => ("code" in part ? part.code : "")).join("")).length;
}

it("is under 15 kB gzipped without the runtime, and smaller with fewer imports", async () => {
  const whole = await sizeOf("*");
  console.log(`@dsbm/web: ${whole} bytes gzipped without onnxruntime-web`);
  expect(whole).toBeLessThan(15_000);
  const part = await sizeOf("{ createBridge }");
  expect(part).toBeLessThan(0.75 * whole);
  expect(part).toBeGreaterThan(1000);
  expect(await sizeOf("{ plainRuntime }", "plain/runtime.ts")).toBeLessThan(4000);
});
