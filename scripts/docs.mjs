// `npm run docs`: builds the site of the documents into docs/.vitepress/dist. `-- --serve` then shows it.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize, relative } from "node:path";
import process from "node:process";
import { Application } from "typedoc";
import { build } from "vitepress";
import { apiParts, entryPoint } from "./api.mjs";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

const source = join(repo, "docs/.vitepress");
export const site = join(source, "dist");

/** Writes the public API of each part as one page into docs/api. */
export async function writeApi() {
  const folder = join(repo, "docs/api");
  const names = Object.keys(apiParts);
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    tsconfig: join(source, "tsconfig.json"),
    entryPoints: names.map(entryPoint),
    skipErrorChecking: true,
    disableSources: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    readme: "none",
    router: "module",
    hidePageHeader: true,
    hideBreadcrumbs: true,
    sanitizeComments: true,
    useHTMLAnchors: true,
    logLevel: "Error",
    validation: false,
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc read no sources");
  for (const part of project.children)
    part.name = names.find((name) => part.name.startsWith(apiParts[name])) ?? part.name;
  rmSync(folder, { recursive: true, force: true });
  app.options.setValue("out", folder);
  await app.generateOutputs(project);
  // TypeDoc's name for a parameter that is destructured.
  for (const file of filesBelow(folder).map((name) => join(folder, name)))
    writeFileSync(
      file,
      readFileSync(file, "utf8")
        .replaceAll("\\_\\_namedParameters", "options")
        .replaceAll("__namedParameters", "options"),
    );
}

/** Files below a folder, as paths from it. */
const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );

/** Copies what pages link and the site has no page of: sources, players, data. */
export function copyLinkedFiles() {
  const copied = new Set();
  for (const page of filesBelow(site).filter((name) => name.endsWith(".html"))) {
    const html = readFileSync(join(site, page), "utf8");
    for (const [, link] of html.matchAll(/(?:href|src)="([^"#?]+)/g)) {
      if (/^[a-z]+:/i.test(link)) continue;
      const path = normalize(link.startsWith("/") ? link.slice(1) : join(dirname(page), link));
      const from = join(repo, path);
      if (path.startsWith("..") || existsSync(join(site, path)) || !existsSync(from)) continue;
      if (!statSync(from).isFile()) continue;
      mkdirSync(dirname(join(site, path)), { recursive: true });
      copyFileSync(from, join(site, path));
      copied.add(path);
    }
  }
  return copied.size;
}

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Serves the site on this machine; returns the server and its address. */
export async function serve(port = 0) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://site").pathname));
    const place = join(site, path.endsWith("/") ? `${path}index.html` : path);
    const isMissing = relative(site, place).startsWith("..") || !existsSync(place);
    const file = isMissing || !statSync(place).isFile() ? join(site, "404.html") : place;
    const type = types[extname(file)] ?? "text/plain";
    response.writeHead(file === place ? 200 : 404, { "content-type": `${type}; charset=utf-8` });
    response.end(readFileSync(file));
  });
  await new Promise((listening) => server.listen(port, "127.0.0.1", listening));
  return { server, address: `http://127.0.0.1:${server.address().port}/` };
}

export async function buildSite() {
  await setup();
  await writeApi();
  await build(join(repo, "docs"));
  copyFileSync(join(repo, "packages/command/browser/dist/bundle/try.html"), join(site, "try.html"));
  return copyLinkedFiles();
}

if (process.argv[1] === import.meta.filename) {
  await buildSite();
  console.log(`site: ${site}`);
  if (process.argv.includes("--serve")) console.log(`shown at ${(await serve(4748)).address}`);
}
