import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { ConfigError, type ExportConfig } from "@dsbm/config";
import { fileError, sha256, stageFolder, writeFileAtomic } from "@dsbm/files";
import { toJson } from "@dsbm/runs";
import { heldSamples, modelCard } from "./bridge/card.js";
import { exportPage, type PageOptions } from "./page.js";
import { exportBridge } from "./run.js";

const sampler = new URL("../python/sample.py", import.meta.url);

export interface ExportResult {
  files: { path: string; bytes: number }[];
}

type Options = PageOptions & Pick<ExportConfig, "overwrite">;

/**
 * Exports a run to `out`: a folder, or a page if the name ends in .html. Throws a ConfigError if `out` exists, the
 * errors of `exportBridge`, and a RunError of the disk.
 */
export async function exportRun(run: string, out: string, options: Options): Promise<ExportResult> {
  const isPage = out.endsWith(".html");
  const place = out.replace(/(.)\/+$/, "$1");
  checkPlace(place, { isPage, overwrite: options.overwrite });
  return isPage ? exportPage(run, place, options) : exportFolder(run, place, options);
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

/** Adds the checksum of a JSON text as its last key. */
const withChecksum = (json: string) =>
  json.replace(/\n}$/, `,\n  "sha256": "${sha256(Buffer.from(json))}"\n}\n`);

async function exportFolder(run: string, out: string, options: Options): Promise<ExportResult> {
  const { bridge, models } = exportBridge(run, options);
  const held = heldSamples(bridge);
  if (held) options.progress?.line(`the models hold training samples: ${held}`);
  const files: [string, Uint8Array][] = [
    ...models,
    ["bridge.json", Buffer.from(withChecksum(toJson(bridge, { indent: 2 })))],
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
  return { files: files.map(([name, { length }]) => ({ path: join(out, name), bytes: length })) };
}
