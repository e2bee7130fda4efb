import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Direction, Conditions as Given } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, type ExportConfig } from "@dsbm/config";
import { type ColumnCondition, DatasetError, decodeCondition } from "@dsbm/data";
import {
  checkSavedFolder,
  type Datasets,
  openDatasets,
  testConditions,
  testRows,
} from "@dsbm/datasets";
import { fileError, sha256, stageFolder, writeFileAtomic } from "@dsbm/files";
import { Bridge, type Trained } from "@dsbm/inference";
import { exportRefusal, type Progress, silentProgress, version } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { BridgeDescription, Conditions, Samples, Units } from "@dsbm/web";
import { heldSamples, modelCard } from "./bridge/card.js";
import { autoencoderFiles, describeBridge } from "./bridge/description.js";
import { autoencoderGraphs, type ExportedGraph, graphsOf } from "./bridge/models.js";
import { encodeModel } from "./onnx/model.js";

/** The keys of `dsbm export`, and what a program gives. */
interface ExportOptions
  extends Partial<Omit<ExportConfig, "overwrite">>,
    Pick<ExportConfig, "overwrite"> {
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

interface ExportedFile {
  path: string;
  bytes: number;
}

/**
 * Exports a run to `out`: a folder, or a page if the name ends in .html.
 * @throws {ConfigError} if `out` exists, for a bridge without counterpart in ONNX and for a page of more than 100 MB,
 * and a RunError of the disk.
 */
export async function exportRun(
  run: string,
  out: string,
  options: ExportOptions,
): Promise<ExportedFile[]> {
  const isPage = out.endsWith(".html");
  const place = out.replace(/(.)\/+$/, "$1");
  checkPlace(place, { isPage, overwrite: options.overwrite });
  const exported = exportBridge(run, options);
  return isPage ? writePage(exported, place, options) : writeFolder(exported, place, options);
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError("open", path, error);
  }
}

function checkPlace(
  out: string,
  { isPage, overwrite }: { isPage: boolean; overwrite: boolean },
): void {
  const status = statOf(out);
  if (status && status.isDirectory() === isPage)
    throw new ConfigError(
      `${out} is a ${isPage ? "folder" : "file"}: give another name for ${isPage ? "a page" : "a folder"}`,
    );
  if (!isPage && !status && /\.[A-Za-z]\w*$/.test(out))
    throw new ConfigError(`${out} ends in ${extname(out)}: expected a folder or NAME.html`);
  if (status && !overwrite && (isPage || readdirSync(out).length > 0))
    throw new ConfigError(`${out} exists already: give another name, or write overwrite=true`);
}

interface ExportedBridge {
  bridge: BridgeDescription;
  models: Map<string, Uint8Array>;
  trained: Trained;
}

function exportBridge(
  run: string,
  { half_iteration = "newest", license = null, direction }: ExportOptions,
): ExportedBridge {
  using bridge = Bridge.open(run, { half_iteration });
  const { trained, networks } = bridge;
  const refusal = exportRefusal(trained.config);
  if (refusal !== null)
    throw new ConfigError(
      `${run} has no export, since ${refusal}: write samples by dsbm sample ${run} NEW OUT`,
    );
  const graphs = graphsOf(trained, networks, directionsOf(trained, direction ?? "both"));
  const named = new Map(graphs.map((graph) => [nameOf(graph, graphs), graph]));
  const description = describeBridge(bridge, { graphs: named, license });
  const models = new Map(
    [...named].map(([name, { graph }]) => [name, modelBytes(graph, description)]),
  );
  if (bridge.encoding)
    for (const [part, graph] of Object.entries(autoencoderGraphs(bridge.encoding, trained)))
      models.set(autoencoderFiles[part as "encoder"], modelBytes(graph, description, part));
  const files = Object.fromEntries([...models].map(([name, model]) => [name, sha256(model)]));
  return { bridge: { ...description, files }, models, trained };
}

function nameOf({ directions }: ExportedGraph, all: readonly ExportedGraph[]): string {
  const [only] = Object.keys(directions);
  const isShared = all.length === 1 && Object.keys(directions).length > 1;
  return isShared ? "model.onnx" : `${only}.onnx`;
}

function directionsOf({ models, folder }: Trained, choice: Direction | "both"): Direction[] {
  const there = (["f", "b"] as const).filter((direction) => models[direction]);
  if (choice === "both") return there;
  if (there.includes(choice)) return [choice];
  throw new ConfigError(
    `direction=${choice} has not been trained: ${folder} has ${there.join(" and ")}; write direction=${there[0]}`,
  );
}

function modelBytes(
  graph: ExportedGraph["graph"],
  bridge: BridgeDescription,
  part: string = bridge.kind,
): Uint8Array {
  const { method, data, license } = bridge;
  const ends = `${data?.source.name} to ${data?.target?.name ?? "a Gaussian"}`;
  return encodeModel({
    graph,
    about: `${part} of a bridge from ${ends}; docs/export.md of dsbm has the format`,
    metadata: { dsbm: version, method, license: license ?? "" },
  });
}

const sampler = new URL("../python/sample.py", import.meta.url);

/** Adds the checksum of a JSON text as its last key. */
const withChecksum = (json: string) =>
  json.replace(/\n}$/, `,\n  "sha256": "${sha256(Buffer.from(json))}"\n}\n`);

function writeFolder(
  { bridge, models }: ExportedBridge,
  out: string,
  { progress }: ExportOptions,
): ExportedFile[] {
  const held = heldSamples(bridge);
  if (held) progress?.line(`the models hold training samples: ${held}`);
  const files: [string, Uint8Array][] = [
    ...models,
    ["bridge.json", Buffer.from(withChecksum(JSON.stringify(bridge, null, 2)))],
    ["README.md", Buffer.from(modelCard(bridge))],
    ["sample.py", readFileSync(sampler)],
  ];
  const replacement = stageFolder(out);
  try {
    for (const [name, bytes] of files) writeFileAtomic(join(replacement.temporary, name), bytes);
    replacement.commit();
  } finally {
    replacement.discard();
  }
  return files.map(([name, { length }]) => ({ path: join(out, name), bytes: length }));
}

/** Limits of a page: bytes of models; samples of each dataset and their numbers, of rows and of images. */
const pageLimits = { models: 100e6, rows: 1000, numbers: 1e6, pictures: 48, pixels: 5e4 };

async function writePage(
  { bridge, models, trained }: ExportedBridge,
  out: string,
  options: ExportOptions,
): Promise<ExportedFile[]> {
  const bytes = [...models.values()].reduce((sum, model) => sum + model.length, 0);
  if (bytes > pageLimits.models)
    throw new ConfigError(
      `the models have ${Math.ceil(bytes / 1e6)} MB, but a page holds at most ${pageLimits.models / 1e6} MB: export a folder, which @dsbm/web plays, or one direction (direction=f)`,
    );
  const { readUnits } = await import("@dsbm/web");
  const { renderPlayerPage } = await import("@dsbm/web/page");
  const ends = options.samples === 0 ? null : await samplesOf(trained, readUnits(bridge), options);
  const page = renderPlayerPage({ ...ends, bridge, models: Object.fromEntries(models) });
  writeFileAtomic(out, page);
  return [{ path: out, bytes: Buffer.byteLength(page) }];
}

/**
 * Returns held-out samples of both datasets in their own units. Prints a line and returns null if
 * the data are missing.
 */
async function samplesOf(
  trained: Trained,
  units: Units,
  { samples, progress = silentProgress, signal }: ExportOptions,
) {
  // A page is always made on the processor.
  const config: CompleteTrainConfig = { ...trained.config, device: "cpu" };
  let datasets: Datasets | null = null;
  try {
    datasets = await openDatasets(config, { progress, signal, checkFolder: checkSavedFolder });
    const { x0, x1, between: inner } = datasets;
    const size = units.shape.reduce((a, b) => a * b, 1);
    const arePictures = units.shape.length > 1;
    const usual = arePictures
      ? Math.min(pageLimits.pictures, Math.max(12, Math.ceil(pageLimits.pixels / size)))
      : Math.min(pageLimits.rows, Math.ceil(pageLimits.numbers / size));
    const n = samples ?? usual;
    const column = trained.columns?.condition ?? null;
    const rows = (end: Datasets["x0"]) => ownUnits(testRows(end, n, config.seed), units);
    const conditionsOfEnd = (end: "x0" | "x1") =>
      conditionsIn(testConditions(datasets as Datasets, end, n), column);
    const source = rows(x0);
    const target = rows(x1);
    const between = inner.map(rows);
    const conditions = { source: conditionsOfEnd("x0"), target: conditionsOfEnd("x1") };
    progress.line(
      `the page holds ${source.shape[0]} held-out samples of the source${between.length > 0 ? `, ${between.map(({ shape }) => shape[0]).join(" and ")} of the times between` : ""} and ${target.shape[0]} of the target (samples=0: none)`,
    );
    return { source, target, between, conditions };
  } catch (error) {
    if (!(error instanceof DatasetError || error instanceof ConfigError)) throw error;
    progress.line(`the page has no samples to start from: ${error.message}`);
    return null;
  } finally {
    datasets?.dispose();
  }
}

const ownUnits = (x: Tensor, units: Units): Samples => {
  const n = x.size(0);
  const data = x.contiguous().toArray() as Float32Array;
  x.dispose();
  return units.undo(data, n);
};

function conditionsIn(
  values: Given | undefined,
  column: ColumnCondition | null,
): Conditions | null {
  if (!values) return null;
  const { cond, y } = values;
  return {
    ...(y && { y: y.toNumbers() }),
    ...(cond &&
      (column ? { [column.name]: decodeCondition(column, cond) } : { cond: arrayOf(cond) })),
  };
}

const arrayOf = (x: Tensor): Samples => ({
  data: tidy(() => x.to("float32").contiguous().toArray()) as Float32Array,
  shape: x.shape,
});
