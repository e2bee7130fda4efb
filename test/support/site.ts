// A server of a folder for a browser, which notes what was asked for.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".html": "text/html",
};

export interface Site {
  server: Server;
  address: string;
  /** The paths of the files that were sent, each once. */
  sent: Set<string>;
}

/** Serves a folder; "/" is a page with this script. */
export async function serveFolder(folder: string, script: string): Promise<Site> {
  const sent = new Set<string>();
  const server = createServer(({ url = "/" }, response) => {
    const path = normalize(new URL(url, "http://site").pathname);
    const file = join(folder, path);
    const isThere = path !== "/" && existsSync(file);
    if (isThere) sent.add(file);
    const status = isThere || path === "/" ? 200 : path === "/favicon.ico" ? 204 : 404;
    response.writeHead(status, { "content-type": types[extname(path)] ?? "text/html" });
    const page = `<!doctype html><title>page</title><script type="module">${script}</script>`;
    response.end(isThere ? readFileSync(file) : page);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { server, sent, address: `http://127.0.0.1:${port}/` };
}
