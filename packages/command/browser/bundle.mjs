// Bundles the worker of a fit into @dsbm/web (dist/bundle/fit-worker.js): the packages as they are, with stand-ins for
// Node's modules (src/node) and the packages' own files (presets, versions, scripts of pages) as texts.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { parse } from "yaml";

const packageFolder = fileURLToPath(new URL(".", import.meta.url));
const repo = join(packageFolder, "../../..");
const { resolve } = createRequire(import.meta.url);
/** A path as other systems than Windows write it. */
const withSlashes = (path) => path.replaceAll("\\", "/");
const standIn = (name) => join(packageFolder, `dist/node/${name}.js`);

/** What stands in for modules: files of src/node, or packages. */
const standIns = {
  "@observablehq/plot": standIn("plot"),
  async_hooks: standIn("async-hooks"),
  buffer: standIn("buffer"),
  child_process: standIn("absent"),
  crypto: standIn("crypto"),
  "dns/promises": standIn("absent"),
  fs: standIn("fs"),
  "fs/promises": standIn("fs"),
  "h5wasm/node": standIn("h5wasm"),
  linkedom: standIn("document"),
  // The modules of the package instead of its one file: without decompositions that nobody calls.
  "ml-matrix": join(repo, "node_modules/ml-matrix/src/index.js"),
  module: standIn("absent"),
  net: standIn("absent"),
  "onnxruntime-web/wasm": standIn("absent"),
  "onnxruntime-web/webgpu": standIn("absent"),
  os: standIn("os"),
  path: resolve("path-browserify"),
  sharp: standIn("absent"),
  stream: standIn("stream"),
  "timers/promises": standIn("timers"),
  url: standIn("url"),
  v8: standIn("absent"),
  vm: standIn("absent"),
  worker_threads: standIn("absent"),
  yaml: standIn("yaml"),
  zlib: standIn("zlib"),
};
/** What stand-ins import under the names that they stand in for. */
const originals = { buffer: resolve("buffer/"), "@observablehq/plot": null };

/**
 * Modules that no run in a page calls: Plot's maps, legends, schemes of colours, areas of points and animation; texts at a pointer; networks,
 * figures, metrics and readers of images and fields, which need libtorch; PyTorch's files; distillation.
 */
const unusedModules = [
  ...["d3-geo", "d3-scale-chromatic", "d3-delaunay", "d3-time-format", "d3-transition"].map(
    resolveModule,
  ),
  // Decompositions call none of these methods of matrices.
  ...["mathOperations", "stat", "inspect"].map((name) =>
    join(repo, `node_modules/ml-matrix/src/${name}.js`),
  ),
  ...["marks/tip", "interactions/pointer", "projection", "legends/ramp", "legends/swatches"].map(
    (name) => join(repo, `node_modules/@observablehq/plot/src/${name}.js`),
  ),
  ...[
    "app/datasets/dist/fields",
    "app/evaluation/dist/images/features",
    "app/evaluation/dist/images/nearest-training",
    "app/evaluation/dist/images/reference-classifier",
    "app/evaluation/dist/metrics/field-correlations",
    "app/evaluation/dist/metrics/field-samples",
    "app/evaluation/dist/metrics/field-values",
    "app/evaluation/dist/metrics/fields",
    "app/evaluation/dist/metrics/images",
    "app/evaluation/dist/metrics/inception",
    "app/inference/dist/field-encoder",
    "app/inference/dist/input/fields",
    "app/inference/dist/input/pictures",
    "app/inference/dist/output/animation",
    "app/inference/dist/output/fields",
    "app/inference/dist/run-chain",
    "app/experiment/dist/picture/condition-grids",
    "app/experiment/dist/picture/maps",
    "app/runs/dist/figure/images",
    "app/runs/dist/figure/maps",
    "app/runs/dist/figure/spectrum",
    "app/runs/dist/report/few-steps",
    "app/runs/dist/report/fields-section",
    "engine/torch/dist/io/pt/load",
    "library/bridge/dist/metric/feature-statistics",
    "library/bridge/dist/metric/spectrum",
    "library/data/dist/tables/write/h5ad",
    "library/data/dist/fields/coarsen",
    "library/data/dist/fields/cf/calendar",
    "library/data/dist/fields/cf/grid",
    "library/data/dist/fields/downscaler",
    "library/data/dist/fields/field-facts",
    "library/data/dist/fields/fields-set",
    "library/data/dist/fields/prepare",
    "library/data/dist/fields/read/field-rows",
    "library/data/dist/fields/read/open",
    "library/data/dist/fields/statics",
    "library/data/dist/fields/write/netcdf4",
    // A page reads files in its own thread.
    "library/data/dist/files/reader-thread",
    ...["byte-table", "cifar10", "idx", "synthetic"].map(
      (name) => `library/data/dist/images/${name}`,
    ),
    ...["decode", "picture-files", "sets"].map((name) => `library/data/dist/pictures/${name}`),
    "library/data/dist/tables/write/h5ad",
    "library/nets/dist/autoencoder/autoencoder",
    "library/nets/dist/autoencoder/training",
    "library/nets/dist/ddpmpp/ddpmpp",
    "library/nets/dist/downscaler-unet/downscaler-unet",
    "library/nets/dist/features/inception-features",
    "library/nets/dist/fields/grid-network",
    "library/nets/dist/features/lenet",
    "library/nets/dist/unet/unet",
  ].map((name) => join(repo, `packages/${name}.js`)),
].map(withSlashes);

function resolveModule(name) {
  const folder = join(repo, "node_modules", name);
  const { module } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, module);
}

/** A module with the same names: functions that do nothing, and empty lists. */
async function emptyModule(path) {
  // The modules of ml-matrix are for bundlers only.
  const isLoadable = /node_modules\/(?!ml-matrix)/.test(path);
  const exported = isLoadable
    ? Object.keys(await import(pathToFileURL(path).href)).map((name) => ({ name }))
    : [
        ...readFileSync(path, "utf8").matchAll(
          /^export (?:class|(?:async )?function\*?|const) (\w+)( = \[)?/gm,
        ),
      ].map(([, name, list]) => ({ name, list }));
  return exported
    .map(({ name, list }) => `export const ${name} = ${list ? "[]" : "() => {}"};`)
    .join("\n");
}

const place = (path) => `/dsbm/${path}`;

const textsOf = (paths, write = (text) => text) =>
  Object.fromEntries(
    paths.map((path) => [place(path), write(readFileSync(join(repo, path), "utf8"))]),
  );

/** Files that the packages read next to their code: at once (presets of `fit`), and for an export. */
const assets = {
  run() {
    const conf = "packages/app/config/conf";
    const presets = readdirSync(join(repo, conf), { recursive: true, encoding: "utf8" })
      .filter((name) => /^(fit|method.*|model.MLP)\.yaml$/.test(name))
      .map((name) => join(conf, name));
    return {
      ...textsOf(presets, (text) => JSON.stringify(parse(text))),
      ...textsOf(["packages/app/runs/package.json"], (text) =>
        JSON.stringify({ version: JSON.parse(text).version }),
      ),
    };
  },
  export: () =>
    textsOf(["page.js", "plain-worker.js"].map((name) => `packages/pages/web/dist/bundle/${name}`)),
};

/** Files of options whose texts are what `--help` says, which a page does not have. */
const keyFiles =
  /config\/dist\/(keys\/(data|method|model|training)|commands\/(compare|evaluate|export|extend|fit|look|sample|test|train))\.js$/;
/** Code without its longer texts. */
const withoutMeanings = (code) =>
  code.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, (text) => (/ .* /.test(text) ? '""' : text));

/** The wrappers of operations without how each is called: no user of a page calls one. */
const withoutUsage = (code) => code.replaceAll(/(new Defaults\("\w+", )"[^"]*"/g, '$1""');

/** The plug-in that puts the stand-ins in place; `others` are further stand-ins. */
const inPage = (others = {}) => ({
  name: "in-page",
  resolveId(id, importer = "") {
    const name = id.replace(/^node:/, "");
    const isStandIn = withSlashes(importer).startsWith(withSlashes(standIn("").slice(0, -3)));
    if (isStandIn && name in originals && id === name) return originals[name];
    return others[name] ?? standIns[name] ?? null;
  },
  load(path) {
    const id = withSlashes(path);
    const [, name] = /\/worker\/(\w+)-assets\.js$/.exec(id) ?? [];
    if (name) return `export const ${name}Assets = ${JSON.stringify(assets[name]())};`;
    if (id === withSlashes(join(repo, "packages/engine/torch/dist/distributed/index.js")))
      return `export * from ${JSON.stringify(standIn("ranks"))};`;
    // The samples of a table are a script of their own, which is loaded when it is needed.
    if (/\/inference\/dist\/(run|annotate\/annotate)\.js$/.test(id))
      return { code: readFileSync(path, "utf8"), moduleSideEffects: false };
    return unusedModules.includes(id) ? emptyModule(id) : null;
  },
  transform(code, path) {
    const id = withSlashes(path);
    if (keyFiles.test(id)) return withoutMeanings(code);
    if (id.endsWith("/tensor/ops.generated.js")) return withoutUsage(code);
    return code.includes("import.meta.url")
      ? code.replaceAll(
          "import.meta.url",
          JSON.stringify(`file://${place(withSlashes(relative(repo, path)))}`),
        )
      : null;
  },
});

async function write(plugin, output) {
  const bundle = await rolldown({
    input: { "fit-worker": join(packageFolder, "dist/worker/worker.js") },
    platform: "browser",
    plugins: [plugin],
  });
  await bundle.write({ minify: true, ...output });
  await bundle.close();
}

// For pages of a server: readers, figures and exports are loaded when they are needed.
const names = { entryFileNames: "[name].js", chunkFileNames: "fit-[name].js" };
await write(inPage(), {
  dir: join(repo, "packages/pages/web/dist/bundle"),
  format: "esm",
  ...names,
});
// For a page of one file: all but HDF5, which has megabytes and is a script next to the page.
await write(inPage({ h5wasm: standIn("site-h5wasm") }), {
  file: join(packageFolder, "dist/bundle/fit-worker.js"),
  format: "iife",
  codeSplitting: false,
});

const hdf5 = await rolldown({
  input: "h5wasm",
  cwd: packageFolder,
  platform: "browser",
  // Its bytes are in the script: it looks for no file next to it.
  transform: { define: { "import.meta": "{}" } },
});
await hdf5.write({
  file: join(packageFolder, "dist/bundle/try-h5ad.js"),
  format: "iife",
  name: "h5wasm",
  exports: "named",
  minify: true,
});
await hdf5.close();

// The page of one file: its script, its style and the packed worker.
const examples = ["winter", "summer"].map((name) => [
  `${name}.csv`,
  readFileSync(join(repo, `examples/data/${name}.csv`), "utf8"),
]);
const page = await rolldown({
  input: join(packageFolder, "dist/page/try.js"),
  platform: "browser",
  plugins: [
    {
      name: "examples",
      transform: (code, id) =>
        withSlashes(id).endsWith("/page/task.js")
          ? code.replace("rivers = {}", `rivers = ${JSON.stringify(Object.fromEntries(examples))}`)
          : null,
    },
  ],
});
const { output } = await page.generate({ format: "esm", minify: true, codeSplitting: false });
await page.close();
const ownFile = (name) => readFileSync(join(packageFolder, name));
const pageParts = {
  style: ["../../pages/studio/src/widgets/style.css", "src/page/style.css"].map(ownFile).join("\n"),
  worker: gzipSync(ownFile("dist/bundle/fit-worker.js"), { level: 9 }).toString("base64"),
  page: output[0].code.replaceAll(/<(?=\/script|!--|script)/gi, "\\x3c"),
};
writeFileSync(
  join(packageFolder, "dist/bundle/try.html"),
  ownFile("src/page/index.html")
    .toString()
    .replace(/\/\*(style|worker|page)\*\//g, (_, name) => pageParts[name]),
);
