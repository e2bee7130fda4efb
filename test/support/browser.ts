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
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

/** All findings of axe in a page as it is, of every grade. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // As text: the page's policy forbids scripts that are put into it.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`,
    );
  });
}

/** Pixels by which a page is wider than its window. */
export const sticksOut = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
