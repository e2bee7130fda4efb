// Draws docs/pictures/ and docs/studio again: figures of the README and the tutorials by their commands, and their runs in
// the studio. `npm run pictures [-- NAME …]`, some minutes; the report and the studio need chromium.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { repo } from "./setup/stamp.mjs";

const pictures = join(repo, "docs", "pictures");
const folder = mkdtempSync(join(tmpdir(), "dsbm-pictures-"));

const bin = join(repo, "packages/app/cli/bin/dsbm.mjs");

const asked = process.argv.slice(2);
const wants = (name) => asked.length === 0 || asked.includes(name);

/** Fits, and returns the path of the latest figure whose name matches. */
function figureOf(name, options, figure = /_f_.*_scatter\.png$/) {
  execFileSync(process.execPath, [bin, "fit", ...options, `name=${name}`], {
    cwd: folder,
    stdio: "inherit",
  });
  const run = join(folder, "experiments", name);
  const figures = readdirSync(run, { recursive: true }).filter((path) => figure.test(path));
  if (figures.length === 0) throw new Error(`${name} has no picture: give it more minutes`);
  return join(run, figures.toSorted().at(-1));
}

/** Writes an image of a page: at most 700 pixels wide, in 24 colours. */
const save = (picture, name) =>
  sharp(picture)
    .resize({ width: 700, withoutEnlargement: true })
    .flatten({ background: "white" })
    .png({ palette: true, colours: 24, effort: 10 })
    .toFile(join(pictures, `${name}.png`));

/** Generated samples and paths of a scatter plot, the right column of its four panels, below a title. */
async function generatedAndPaths(path, title) {
  const { width, height } = await sharp(path).metadata();
  const [left, top, header] = [Math.round(width / 2), Math.round(0.09 * height), 90];
  const area = { left, top, width: width - left, height: height - top };
  const panels = await sharp(path)
    .extract(area)
    .extend({ top: header, background: "white" })
    .png()
    .toBuffer();
  const text = `<svg width="${area.width}" height="${header}"><text x="30" y="60" font-family="DejaVu Sans, sans-serif" font-size="36" font-weight="bold">${title}</text></svg>`;
  return sharp(panels)
    .composite([{ input: Buffer.from(text), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** Samples and paths for three values of sigma, side by side. */
async function drawSigma() {
  const rows = [];
  for (const [name, sigma, title] of [
    ["small", 0.02, "too small"],
    ["middle", 1.6, "as chosen"],
    ["large", 10, "too large"],
  ]) {
    const options = ["Dataset=moons", "Dataset_transfer=eight_gaussians", "max_minutes=1"];
    const path = figureOf(name, [...options, `sigma=${sigma}`]);
    rows.push(await generatedAndPaths(path, `sigma=${sigma}: ${title}`));
  }
  const sizes = await Promise.all(rows.map((row) => sharp(row).metadata()));
  const [width, height] = [sizes.reduce((sum, size) => sum + size.width, 0), sizes[0].height];
  let left = 0;
  const layers = rows.map((input, i) => {
    const layer = { input, left, top: 0 };
    left += sizes[i].width;
    return layer;
  });
  await sharp({ create: { width, height, channels: 3, background: "white" } })
    .composite(layers)
    .png()
    .toBuffer()
    .then((all) => save(all, "sigma"));
}

/** The top of the report of a run. */
async function drawReport(run) {
  const report = readdirSync(run, { recursive: true }).find((path) => path.endsWith("report.html"));
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const page = await browser.newPage({ viewport: { width: 700, height: 600 } });
  await page.goto(pathToFileURL(join(run, report)).href);
  await save(await page.screenshot(), "report");
  await browser.close();
}

const widths = [360, 1280, 2560];

/** Screenshots of the pages of the studio over the runs of this folder. */
async function drawStudio() {
  const studio = spawn(process.execPath, [bin, "studio", "experiments", "--no-settings"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(studio.stdout, "data");
  const address = /http:\S+/.exec(String(said))[0];
  const { rows } = await (await fetch(`${address}api/runs`)).json();
  const runs = (names) =>
    rows
      .filter(({ name }) => names.includes(name))
      .map(({ id }) => `run=${encodeURIComponent(id)}`)
      .join("&");
  const rivers = runs(["rivers"]);
  const pages = {
    runs: "#/",
    run: `#/run?${rivers}`,
    compare: `#/compare?${runs(["small", "middle", "large"])}`,
    play: `#/run?${rivers}&tab=play`,
  };
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const [width, height] = [1280, 900];
  for (const [name, hash] of Object.entries(pages)) {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.goto(address + hash);
    if (name === "play") {
      await page.getByRole("button", { name: "Export this bridge and play" }).click();
      await page.getByRole("button", { name: "Pause" }).click({ timeout: 120_000 });
      await page.waitForTimeout(3000);
      await page.getByRole("slider", { name: "Time" }).fill("0.6");
    } else
      await page
        .locator(name === "runs" ? "tbody tr" : "canvas")
        .first()
        .waitFor();
    for (const wide of widths) {
      await page.setViewportSize({ width: wide, height });
      await page.waitForTimeout(1500);
      await sharp(await page.screenshot())
        .png({ palette: true, colours: 64, effort: 10 })
        .toFile(join(repo, "docs", "studio", `${name}-${wide}.png`));
    }
    await page.close();
  }
  await browser.close();
  studio.kill("SIGINT");
  await once(studio, "exit");
}

try {
  const data = join(repo, "examples/data");
  const rivers = ["winter", "summer"].map((season) => join(data, `${season}.csv`));
  const known = `pairs=${join(data, "known.csv")}`;
  const tutorials = {
    rivers: [...rivers, "data.exclude=river", "data.keep=id", "max_minutes=2"],
    conditions: [
      ...[...rivers, "data.condition=river", "data.keep=id"],
      ...["condition_dropout=0.1", "max_minutes=2"],
    ],
    pairs: [...rivers, "data.exclude=river", "data.id=id", known, "n_ipf=1", "max_minutes=2"],
  };
  for (const [name, options] of Object.entries(tutorials))
    if (wants(name)) await save(figureOf(name, options), name);
  if (wants("time-course")) {
    execFileSync(process.execPath, [join(data, "cells.mjs")], { cwd: folder });
    const cells = ["cells.h5ad", "time=day", "data.layer=X_pca", "data.keep=celltype"];
    await save(figureOf("cells", [...cells, "max_minutes=5"]), "time-course");
  }
  if (wants("rivers")) await drawReport(join(folder, "experiments", "rivers"));
  if (wants("sigma")) await drawSigma();
  if (wants("studio")) await drawStudio();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
