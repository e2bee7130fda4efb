// The site over the documents of the repository: `npm run docs` builds it into docs/.vitepress/dist.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { katex } from "@mdit/plugin-katex";
import { defineConfig } from "vitepress";

const root = join(import.meta.dirname, "../..");
const page = (text: string, link: string) => ({ text, link: `/docs/${link}` });

/** A page for each part of the library, with its exports; TypeDoc writes them before the site is built. */
const api = () => {
  const folder = join(root, "docs/api");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\/README\.md$/.test(name))
    .sort()
    .map((name) => {
      const path = name.replace(/\.md$/, "");
      const part = path.replace(/\/README$/, "").replaceAll("/namespaces/", "/");
      return page(part, `api/${path}`);
    });
};

/**
 * How much a page counts in the search, by its id: guides first, explanations, reference, then logs, and at last pages of
 * the API. The browser gets the text of this function.
 */
function boostDocument(id: string): number {
  const [path = ""] = id.split("#");
  if (/\/docs\/api\//.test(path)) return 0.05;
  if (/^\/(docs\/guide\/.*|README\.html)$/.test(path)) return 3;
  if (/\/docs\/explain\//.test(path)) return 2;
  const isLog =
    /results|log|plan|reference|dependencies|CHANGELOG|ARCHITECTURE|CONTRIBUTING|packages/;
  return isLog.test(path) ? 0.4 : 1;
}

const sidebar = [
  {
    text: "How-to",
    items: [
      { text: "Install, and a first bridge", link: "/README" },
      page("How do I fit a bridge between two tables?", "guide/two-tables"),
      page("How do I follow cells through several days?", "guide/time-course"),
      page("How do I turn images of one kind into another kind?", "guide/image-folders"),
      page("Is my bridge good?", "guide/is-it-good"),
      page("Which noise, method and time should I choose?", "guide/choosing"),
      page("How do I use pairs that I know?", "guide/pairs"),
      page("How do I keep a class or a dose fixed?", "guide/conditions"),
      page("How do I correct a climate model with NetCDF or Zarr files?", "guide/climate-fields"),
      page("How do I make fine rain from a coarse model?", "guide/rain"),
      page("How do I make fine fields from coarse fields?", "guide/fields"),
      page("How do I sample from Python or R?", "guide/python-and-r"),
      page("How do I show a bridge in a web page?", "guide/web-page"),
      page("How do I run dsbm on a cluster?", "guide/cluster"),
      page("How do I run dsbm on a GPU?", "guide/gpu"),
      page("How does the algorithm of the paper become code?", "guide/paper-to-code"),
      page("How do I add my own method, network, metric or dataset?", "guide/extending"),
      page("What do I do about an error?", "guide/troubleshooting"),
      page("Gallery", "gallery/README"),
    ],
  },
  {
    text: "Explanations",
    items: [
      page("What a Schrödinger bridge is", "explain/bridge"),
      page("IPF and IMF", "explain/ipf-imf"),
      page("Floors and ceilings", "explain/floors"),
      page("When not to use a bridge", "explain/limits"),
    ],
  },
  {
    text: "Reference",
    items: [
      page("Options", "keys"),
      page("Data formats", "data"),
      page("Methods", "guide/methods"),
      page("Metrics", "evaluation"),
      page("Sampling", "sampling"),
      page("Experiments", "experiments"),
      page("Sweeps", "sweeps"),
      page("Studio", "studio"),
      page("Run folder and exit codes", "runs"),
      page("Export formats", "export"),
      page("Loggers", "loggers"),
      page("Performance", "performance"),
      page("Several processes", "scaling"),
      page("Security", "security"),
      page("Results", "results"),
      ...["gaussian", "2d", "eot", "cells", "courses", "growth", "climate", "verdicts"].map(
        (name) => page(`– ${name}`, `results/${name}`),
      ),
      page("Published implementation", "reference-parity"),
      page("Papers", "references"),
      page("API", "api/README"),
      page("Dependencies", "dependencies"),
      page("What is open", "plan"),
      page("What did not work", "log"),
    ],
  },
  {
    text: "Project",
    items: [
      { text: "Contributing", link: "/CONTRIBUTING" },
      { text: "Architecture", link: "/ARCHITECTURE" },
      { text: "Changes", link: "/CHANGELOG" },
    ],
  },
];

const apiSidebar = [
  { text: "API", items: [page("All parts", "api/README"), ...api()] },
  { text: "Guides", items: [page("All documents", "index")] },
];

export default defineConfig({
  title: "dsbm",
  description: "Schrödinger bridges between two datasets",
  lang: "en",
  srcDir: root,
  outDir: join(import.meta.dirname, "dist"),
  cacheDir: join(import.meta.dirname, "cache"),
  srcExclude: [
    "**/node_modules/**",
    "**/dist/**",
    "experiments/**",
    "test/**",
    "data/**",
    ".github/**",
  ],
  rewrites: { "docs/home.md": "index.md" },
  // Links to sources and players are no pages: scripts/docs.mjs copies the linked files.
  ignoreDeadLinks: [
    (url) =>
      ["docs/gallery", "."].some((folder) => existsSync(join(root, folder, `${url}.html`))) ||
      (!/\.(md|html)$/.test(url) && existsSync(join(root, url))),
  ],
  head: [["link", { rel: "icon", href: "data:," }]],
  metaChunk: true,
  // An export has no next page: its part lists all exports.
  transformPageData({ relativePath, frontmatter }) {
    if (/^docs\/api\/.*\/(?!README\.md)[^/]+\.md$/.test(relativePath))
      Object.assign(frontmatter, { prev: false, next: false });
  },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(markdown) {
      // MathML needs neither fonts nor styles. Vue must not read braces in formulas. Browsers ignore styles of letters.
      const transformer = (html: string) =>
        html
          .replace(/^<(span|p)/, "<$1 v-pre")
          .replace(/<mi mathvariant="double-struck">(.)</g, (_, letter: string) => {
            return `<mi>${{ E: "𝔼", P: "ℙ", Q: "ℚ" }[letter] ?? letter}<`;
          })
          .replace('<mi mathvariant="script">N<', "<mi>𝒩<");
      markdown.use(katex, { output: "mathml", throwOnError: true, transformer });
    },
  },
  themeConfig: {
    // Pages of the API have their own list.
    sidebar: { "/docs/api/": apiSidebar, "/": sidebar },
    nav: [
      { text: "Start", link: "/README" },
      { text: "How-to", link: "/docs/index" },
      { text: "Options", link: "/docs/keys" },
      { text: "API", link: "/docs/api/README" },
      { text: "Results", link: "/docs/results" },
      { text: "Try", link: "/try.html", target: "_self" },
    ],
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      options: { miniSearch: { searchOptions: { boostDocument } } },
    },
    docFooter: { prev: "Previous", next: "Next" },
  },
});
