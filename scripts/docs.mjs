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
import { Application, Comment, ReflectionGroup, ReflectionKind } from "typedoc";
import { build } from "vitepress";
import { apiParts, entryPoint } from "./api.mjs";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

const source = join(repo, "docs/.vitepress");
export const site = join(source, "dist");

/** The purpose of an export: the folder of its source, or its file. */
function purposeOf({ sources, name }) {
  const path = sources?.[0]?.fullFileName.split("/src/").at(-1) ?? name;
  const [first] = path.replace(/\.ts$/, "").split("/");
  if (first === "ot") return "Optimal transport";
  const text = first === "index" ? "main" : first.replaceAll("-", " ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** The exports of a part by their purpose, instead of classes, functions and types. */
function groupsByFolder(part) {
  const members = (part.children ?? []).toSorted((a, b) => a.name.localeCompare(b.name));
  const titles = [...new Set(members.map(purposeOf))].sort();
  return titles.map((title) => {
    const group = new ReflectionGroup(title, part);
    group.children = members.filter((member) => purposeOf(member) === title);
    return group;
  });
}

/** Writes the public API into docs/api: a page for each part with its exports, and a page for each export. */
export async function writeApi() {
  const folder = join(repo, "docs/api");
  const names = Object.keys(apiParts);
  const app = await Application.bootstrapWithPlugins({
    plugin: ["typedoc-plugin-markdown"],
    tsconfig: join(source, "tsconfig.json"),
    entryPoints: names.map(entryPoint),
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    readme: "none",
    router: "member",
    indexFormat: "table",
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeAliasPropertiesFormat: "table",
    hidePageHeader: true,
    sanitizeComments: true,
    useHTMLAnchors: true,
    logLevel: "Error",
    validation: false,
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc read no sources");
  project.name = "API";
  for (const part of project.children) {
    part.name = names.find((name) => part.name.startsWith(apiParts[name])) ?? part.name;
    describe(part, aboutOf(part.name));
  }
  arrangeExports(project);
  rmSync(folder, { recursive: true, force: true });
  app.options.setValue("out", folder);
  await app.generateOutputs(project);
  for (const file of filesBelow(folder).map((name) => join(folder, name)))
    writeFileSync(file, readablePage(readFileSync(file, "utf8")));
}

const aboutOf = (name) =>
  JSON.parse(readFileSync(join(repo, "packages", apiParts[name], "package.json"), "utf8"))
    .description;

/** Gives a part a description, unless it has one. */
function describe(part, text) {
  part.comment ??= new Comment([{ kind: "text", text: `${text}.` }]);
}

/** Groups exports by purpose; pages have no repeated exports and no inherited members. */
function arrangeExports(project) {
  const { Class, Module, Namespace, Reference } = ReflectionKind;
  const all = Object.values(project.reflections);
  const order = Object.keys(apiParts);
  for (const group of project.groups ?? [])
    group.children.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  for (const reflection of all)
    if (
      reflection.kindOf(Reference) ||
      (reflection.inheritedFrom && reflection.parent?.kindOf(Class))
    )
      project.removeReflection(reflection);
  for (const one of all.filter(({ groups }) => groups)) {
    for (const group of one.groups)
      group.children = group.children.filter(({ id }) => project.reflections[id]);
    one.groups = one.groups.filter(({ children }) => children.length > 0);
  }
  for (const part of all.filter((reflection) => reflection.kindOf([Module, Namespace]))) {
    part.groups = groupsByFolder(part);
    const members = (part.children ?? []).map(({ name }) => name);
    if (part.kindOf(Namespace))
      describe(part, `${members.slice(0, 6).join(", ")}${members.length > 6 ? " and others" : ""}`);
  }
  for (const reflection of all) delete reflection.sources;
}

/** Longer pages, of classes with hundreds of methods, have no tables of parameters: signatures say them. */
const longestPage = 60_000;

/** A line of a list of exports without tags: TypeDoc does not escape descriptions there. */
const withoutTags = (line) =>
  line
    .split("`")
    .map((part, i) => (i % 2 === 0 ? part.replaceAll("<", "&lt;") : part))
    .join("`");

function readablePage(text) {
  const named = text
    // TypeDoc's name for a parameter that is destructured.
    .replaceAll(/(\\_\\_|__)namedParameters/g, "options")
    .replaceAll(/^\| \[.*\.md\) \|.*$/gm, withoutTags);
  if (named.length < longestPage) return named;
  return named.replaceAll(/^#### (Parameters|Returns)\n[\s\S]*?(?=^(#{2,3} |\*\*\*|<a id))/gm, "");
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
  for (const name of ["try.html", "try-h5ad.js"])
    copyFileSync(join(repo, "packages/command/browser/dist/bundle", name), join(site, name));
  return copyLinkedFiles();
}

if (process.argv[1] === import.meta.filename) {
  await buildSite();
  console.log(`site: ${site}`);
  if (process.argv.includes("--serve")) console.log(`shown at ${(await serve(4748)).address}`);
}
