import { Readable } from "node:stream";
import { RunError } from "@dsbm/runs";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { outputsFolder } from "../runs/outputs.js";
import { strangerPolicy } from "./guard.js";

/**
 * An output of a run as a file, which no browser shows as a page.
 * @throws {RunError} "not_found".
 */
export function download(folder: Folder, run: string, path: string): Response {
  if (!path.startsWith(`${outputsFolder}/`)) throw new RunError("not_found", "no output of a run");
  const { stream, size } = folder.stream(pathBelow(run, path));
  const name = encodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  return new Response(Readable.toWeb(stream) as ReadableStream, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": String(size),
      "Content-Disposition": `attachment; filename*=UTF-8''${name}`,
      "Content-Security-Policy": strangerPolicy,
    },
  });
}
