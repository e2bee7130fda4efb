import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { ExportConfig } from "@dsbm/config";
import { ConfigError } from "@dsbm/config";
import { fileError, stageFolder, writeFileAtomic } from "@dsbm/files";
import { toJson } from "@dsbm/runs";
import { heldSamples, modelCard } from "./bridge/card.js";
import { type EncodedModel, weightsName } from "./onnx/model.js";
import { exportPage, type PageOptions } from "./page.js";
import { type ExportedBridge, exportBridge } from "./run.js";

const sampler = new URL("../python/sample.py", import.meta.url);

export interface ExportResult {
  bridge: ExportedBridge["bridge"];
  files: { path: string; bytes: number }[];
}

type Options = PageOptions & Pick<ExportConfig, "overwrite">;

/**
 * Exports a run to `out`: a folder, one model if the name ends in .onnx, or a page if it ends in
 * .html. Throws a ConfigError if `out` exists, the errors of `exportBridge`, and a RunError of the
 * disk.
 */
export async function exportRun(run: string, out: string, options: Options): Promise<ExportResult> {
  const isPage = out.endsWith(".html");
  const isFile = isPage || out.endsWith(".onnx");
  const place = out.replace(/(.)\/+$/, "$1");
  checkPlace(place, { isFile, overwrite: options.overwrite });
  if (isPage) return exportPage(run, place, options);
  return isFile ? exportFile(run, place, options) : exportFolder(run, place, options);
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
  { isFile, overwrite }: { isFile: boolean; overwrite: boolean },
): void {
  const status = statOf(out);
  if (status && status.isDirectory() === isFile)
    throw new ConfigError(
      "usage",
      `${out} is a ${isFile ? "folder" : "file"}: give another name for ${isFile ? "a file" : "a folder"}`,
    );
  if (!isFile && !status && /\.[A-Za-z]\w*$/.test(out))
    throw new ConfigError(
      "usage",
      `${out} ends in ${extname(out)}: expected a folder, NAME.onnx or NAME.html`,
    );
  if (status && !overwrite && (isFile || readdirSync(out).length > 0))
    throw new ConfigError(
      "usage",
      `${out} exists already: give another name, or write overwrite=true`,
    );
}

function exportFile(run: string, out: string, options: Options): ExportResult {
  const { bridge, models, units } = exportBridge(run, { ...options, single: basename(out) });
  const named = [...models, ...units];
  const files = named.flatMap(([name, model]) => filesOf(join(dirname(out), name), model));
  for (const [path] of files) checkPlace(path, { isFile: true, overwrite: options.overwrite });
  sayWhatIsHeld(bridge, options.progress);
  // Weights come first: the model names them.
  for (const [path, chunks] of files.toReversed()) writeFileAtomic(path, chunks);
  return { bridge, files: files.map(sized) };
}

function sayWhatIsHeld(bridge: ExportedBridge["bridge"], progress: Options["progress"]): void {
  const held = heldSamples(bridge);
  if (held) progress?.line(`the models hold training samples: ${held}`);
}

function filesOf(path: string, { model, weights }: EncodedModel): [string, Uint8Array[]][] {
  return [
    [path, model],
    ...(weights ? [[weightsName(path), weights] as [string, Uint8Array[]]] : []),
  ];
}

const sized = ([path, chunks]: [string, Uint8Array[]]) => ({
  path,
  bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
});

async function exportFolder(run: string, out: string, options: Options): Promise<ExportResult> {
  const { bridge, models, units } = exportBridge(run, options);
  sayWhatIsHeld(bridge, options.progress);
  const text = (content: string) => [Buffer.from(content, "utf8")];
  const made = [...models, ...units].flatMap(([name, model]) => filesOf(name, model));
  const sizes = new Map(made.map(sized).map(({ path, bytes }) => [path, bytes]));
  const files: [string, Uint8Array[]][] = [
    ...made,
    ["bridge.json", text(`${toJson(bridge, { indent: 2 })}\n`)],
    ["README.md", text(modelCard(bridge, sizes))],
    ["sample.py", [readFileSync(sampler)]],
  ];
  const replacement = stageFolder(out);
  try {
    for (const [name, chunks] of files) writeFileAtomic(join(replacement.temporary, name), chunks);
    replacement.commit();
  } finally {
    replacement.discard();
  }
  return { bridge, files: files.map(([name, chunks]) => sized([join(out, name), chunks])) };
}
