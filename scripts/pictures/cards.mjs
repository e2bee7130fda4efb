// The cards of the site's home.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { repo } from "../setup/stamp.mjs";

const pictures = join(repo, "docs", "pictures");

/** Writes a card of the site, 640 × 360 pixels. */
export const saveCard = (image, name) =>
  sharp(image)
    .resize({ width: 640, height: 360, position: "top" })
    .flatten({ background: "white" })
    .png({ palette: true, colours: 64, effort: 10 })
    .toFile(join(pictures, `card-${name}.png`));

/** A screenshot of a page of the gallery, 1,000 × 562 pixels. */
async function galleryPage(name) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const page = await browser.newPage({ viewport: { width: 1000, height: 562 } });
  await page.goto(pathToFileURL(join(repo, "docs/gallery", `${name}.html`)).href);
  await page.waitForTimeout(2500);
  const image = await page.screenshot();
  await browser.close();
  return image;
}

/** The cards of the home that need no training: images, a report, the gallery and results. */
export async function drawCards() {
  const digits = sharp(join(repo, "docs/gallery/digits.png"));
  const rows = { left: 0, top: 42, width: 524, height: 294 };
  await saveCard(await digits.extract(rows).png().toBuffer(), "images");
  await saveCard(await galleryPage("rivers-report"), "report");
  await saveCard(await galleryPage("points"), "gallery");
  const results = readFileSync(join(repo, "docs/results/2d-w2.svg"));
  await saveCard(await sharp(results, { density: 144 }).png().toBuffer(), "results");
}
