// `npm run check:docs`: builds the site and looks at it in chromium. Pages log no errors, ask no other host, have no broken
// links and anchors, no serious finding of axe, and fit widths from 360 to 2,560 pixels; search and player work.
//   -- --built: checks the present site. -- --only TEXT: pages whose path has it. -- --pictures FOLDER: writes screenshots.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";
import { buildSite, serve, site } from "./docs.mjs";

const WIDTHS = [360, 768, 2560];
/** Pages at a time. */
const TABS = 2;
/** Queries with the page that answers them: among the first three results, and before all pages of the API. */
const SEARCHES = {
  growth: "docs/guide/time-course",
  sigma: "docs/guide/choosing",
  h5ad: "docs/guide/time-course",
  "NaN loss": "docs/guide/troubleshooting",
  Windows: "README",
  floor: "docs/explain/floors",
};
const FIRST_RESULTS = 3;
const SHOWN = [
  "index",
  "docs/api/README",
  "docs/guide/two-tables",
  "docs/explain/bridge",
  "docs/keys",
  "docs/results",
  "docs/results/gaussian",
  "docs/gallery/README",
];

const args = process.argv.slice(2);
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
if (!executablePath) {
  console.log("no chromium here: apt-get install chromium");
  process.exit(1);
}
if (!args.includes("--built")) await buildSite();

/** Pages of another kind: players and reports of the gallery, and the page that trains, which has tests of its own. */
const isOther = (name) =>
  name.startsWith("docs/gallery/") || ["404.html", "try.html"].includes(name);
const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".html") && !isOther(name),
);
pages.push("docs/gallery/README.html");

/** Anchors of a file of the site, as links name them. */
const anchorsOf = (() => {
  const known = new Map();
  return (file) => {
    if (!known.has(file)) {
      const html = readFileSync(join(site, file), "utf8");
      known.set(file, new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)));
    }
    return known.get(file);
  };
})();

/** Links of a page to files or anchors that the site lacks. */
function brokenLinks(page) {
  const html = readFileSync(join(site, page), "utf8");
  return [...html.matchAll(/<a\b[^>]*\shref="([^"]+)"/g)]
    .map(([, href]) => href.replaceAll("&amp;", "&"))
    .filter((href) => !/^[a-z]+:/i.test(href))
    .filter((href) => {
      const url = new URL(href, `http://site/${page}`);
      const path = decodeURIComponent(url.pathname.slice(1));
      const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
      if (!existsSync(join(site, file))) return true;
      const anchor = decodeURIComponent(url.hash.slice(1));
      return anchor !== "" && file.endsWith(".html") && !anchorsOf(file).has(anchor);
    });
}

const problems = [];
for (const page of pages)
  for (const href of new Set(brokenLinks(page))) problems.push(`${page}: broken link ${href}`);

const { server, address } = await serve();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const context = await browser.newContext({ reducedMotion: "reduce" });

/** A tab whose errors and requests count as problems of the page that it shows. */
async function openTab() {
  const tab = await context.newPage();
  const state = { tab, page: "" };
  tab.on("console", (message) => {
    if (message.type() === "error") problems.push(`${state.page}: console: ${message.text()}`);
  });
  tab.on("pageerror", (error) => problems.push(`${state.page}: ${error.message}`));
  tab.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url()))
      problems.push(`${state.page}: asks ${request.url()}`);
  });
  return state;
}

/** Serious findings of axe in the present colours; other colours can change the contrast only. */
async function findings(tab, scheme) {
  await tab.emulateMedia({ colorScheme: scheme });
  await tab.waitForFunction(
    (dark) => document.documentElement.classList.contains("dark") === dark,
    scheme === "dark",
    { polling: 100 },
  );
  const { violations } = await tab.evaluate(
    (runOnly) => axe.run(document, { iframes: false, resultTypes: ["violations"], ...runOnly }),
    scheme === "dark" ? { runOnly: ["color-contrast"] } : {},
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `(${scheme}): axe ${id}: ${nodes[0].html.slice(0, 120)}`);
}

async function checkPage(tab, page) {
  await tab.setViewportSize({ width: 1280, height: 900 });
  await tab.goto(address + page);
  await tab.evaluate(axe);
  // Long pages of the API have the template of the shortest, which is read in the dark.
  const isLong = exportPages.slice(1).includes(page);
  for (const scheme of isLong ? ["light"] : ["light", "dark"])
    for (const one of await findings(tab, scheme)) problems.push(`${page} ${one}`);
  for (const width of WIDTHS) {
    await tab.setViewportSize({ width, height: 900 });
    const excess = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (excess > 0) problems.push(`${page}: ${excess} pixels too wide at ${width}`);
  }
}

const isApi = (page) => page.startsWith("docs/api/");
const sizeOf = (page) => statSync(join(site, page)).size;
/** One template makes the pages of exports: the shortest and the longest are looked at, and the lists of each part. */
const exportPages = pages
  .filter((page) => isApi(page) && !page.endsWith("README.html"))
  .sort((a, b) => sizeOf(a) - sizeOf(b));
const shownPages = pages
  .filter((page) => !exportPages.includes(page))
  .concat(exportPages.slice(0, 1), exportPages.slice(-2));
const pathFilter = args.includes("--only") ? args[args.indexOf("--only") + 1] : "";
const queue = shownPages.filter((name) => name.includes(pathFilter));
const states = await Promise.all(Array.from({ length: TABS }, openTab));
await Promise.all(
  states.map(async (state) => {
    for (let page = queue.shift(); page !== undefined; page = queue.shift()) {
      state.page = page;
      await checkPage(state.tab, page);
    }
  }),
);

const [state] = states;
const { tab } = state;
await tab.emulateMedia({ colorScheme: "light" });
await tab.setViewportSize({ width: 1280, height: 900 });

state.page = "docs/explain/bridge.html";
await tab.goto(address + state.page);
const displacements = async () => {
  const text = await tab.locator(".player p").textContent();
  return [...text.matchAll(/\d+\.\d+/g)].map(([number]) => Number(number));
};
for (let k = 0; k < 4; k++) await tab.getByRole("button", { name: "Next half-iteration" }).click();
const [firstDisplacement, , , , lastDisplacement, optimum] = await displacements();
console.log(`player: displacement ${firstDisplacement} → ${lastDisplacement}, bridge ${optimum}`);
if (!(Math.abs(lastDisplacement - optimum) < 0.2 * (firstDisplacement - optimum)))
  problems.push("the player does not reach the bridge in four half-iterations");

state.page = "search";
await tab.goto(address, { waitUntil: "networkidle" });
for (const [text, answer] of Object.entries(SEARCHES)) {
  await tab.keyboard.press("Control+k");
  await tab.fill("#localsearch-input", text);
  // Results of the query before stay until the search has waited for further keys.
  await tab.waitForTimeout(500);
  const results = ".VPLocalSearchBox a.result";
  const found = await tab
    .waitForSelector(results, { timeout: 20_000 })
    .then(() => tab.locator(results).evaluateAll((links) => links.map(({ pathname }) => pathname)))
    .catch(() => []);
  const place = found.indexOf(`/${answer}.html`);
  const firstApi = found.findIndex((path) => isApi(path.slice(1)));
  console.log(`search "${text}": ${answer} is result ${place + 1} of ${found.length}`);
  if (place < 0 || place >= FIRST_RESULTS)
    problems.push(`search "${text}": ${answer} is not among ${found.slice(0, FIRST_RESULTS)}`);
  if (firstApi >= 0 && firstApi < found.findLastIndex((path) => path.startsWith("/docs/guide/")))
    problems.push(`search "${text}": ${found[firstApi]} stands before a guide`);
  await tab.keyboard.press("Escape");
}

const folder = args[args.indexOf("--pictures") + 1];
if (args.includes("--pictures") && folder) {
  mkdirSync(folder, { recursive: true });
  for (const page of SHOWN)
    for (const width of [360, 1280, 2560]) {
      await tab.setViewportSize({ width, height: 900 });
      await tab.goto(`${address}${page}.html`);
      await tab.waitForTimeout(500);
      await tab.screenshot({ path: join(folder, `${page.replaceAll("/", "-")}-${width}.png`) });
    }
}
await browser.close();
server.close();
console.log(`${pages.length} pages, ${problems.length} problems`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
