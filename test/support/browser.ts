// A real browser, if there is one, and what the accessibility checker says of its pages.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
export const hasBrowser = executablePath !== undefined;
if (!hasBrowser) console.log("no chromium here: pages are not looked at (npm run check:browser)");

/** Containers have no user namespaces for chromium's own sandbox; the pages are ours. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath,
    // Without a graphics card chromium would compute its own in software, at twice the work.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** All findings of axe in a page as it is, of every grade, and numbers with a hyphen as their minus sign. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // As text: the page's policy forbids scripts that are put into it.
  await page.evaluate(axe);
  const faults = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
    );
  });
  return [...faults, ...(await page.evaluate(hyphenNumbers))];
}

/** Negative numbers of a page, outside of commands and logs, that begin with a hyphen. */
function hyphenNumbers(): string[] {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: string[] = [];
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode as Text;
    if (parentElement?.closest("code, pre, script, style")) continue;
    if (/(?<![\w.)-])-\d/.test(data)) found.push(`hyphen in ${data.slice(0, 80)}`);
  }
  return found;
}

/** Pixels by which a page is wider than its window. */
export const sticksOut = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));

/** The width between margins and the height of a page of paper, in pixels. */
const paper = { width: 703, height: 1017 };

/** What is pale, cut or too high for a page if a page of the dark theme is printed. */
export async function printFaults(page: Page): Promise<string[]> {
  const size = page.viewportSize();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize(paper);
  const faults = await page.evaluate(({ height }) => {
    const found: string[] = [];
    const named = (element: Element) =>
      `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent?.slice(0, 40)}`;
    const channels = (color: string) => color.match(/[\d.]+/g)?.map(Number) ?? [];
    const lightness = ([r = 0, g = 0, b = 0]: number[]) =>
      (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
    for (const element of document.querySelectorAll("body, h1, h2, h3, p, th, td, dt, dd, li, b")) {
      if (element !== document.body && element.getClientRects().length === 0) continue;
      const { color, backgroundColor } = getComputedStyle(element);
      if (lightness(channels(color)) > 0.65) found.push(`${named(element)} is pale: ${color}`);
      const [r, g, b, share = 1] = channels(backgroundColor);
      if (share > 0 && lightness([r ?? 0, g ?? 0, b ?? 0]) < 0.6)
        found.push(`${named(element)} is on ${backgroundColor}`);
    }
    for (const box of document.querySelectorAll(".box, pre"))
      if (box.scrollWidth > box.clientWidth + 1) found.push(`${named(box)} is cut`);
    for (const figure of document.querySelectorAll("figure"))
      if (figure.getBoundingClientRect().height > height)
        found.push(`${named(figure)} is too high`);
    return found;
  }, paper);
  const wide = await sticksOut(page);
  await page.emulateMedia({ media: null, colorScheme: null });
  if (size) await page.setViewportSize(size);
  return wide === 0 ? faults : [...faults, `${wide} pixels too wide`];
}
