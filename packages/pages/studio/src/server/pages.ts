import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunError } from "@dsbm/runs";

export interface PageFile {
  type: string;
  body: Buffer;
}

const bundle = fileURLToPath(new URL("../../dist/bundle/", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** Our pages by file name. Throws RunError if they are not built. */
export function readPages(): ReadonlyMap<string, PageFile> {
  if (!existsSync(join(bundle, "index.html")))
    throw new RunError("not_found", `the studio has no pages in ${bundle}: run npm run build`);
  const own = readdirSync(bundle).map((name): [string, PageFile] => {
    const body = readFileSync(join(bundle, name));
    return [name, { type: types[extname(name)] ?? "text/plain", body }];
  });
  return new Map(own);
}
