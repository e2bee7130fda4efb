// Draws docs/pictures and docs/studio again: the samples of the README's fit, the effect of sigma,
// and these runs in the studio. `npm run pictures`, some minutes; the studio needs chromium.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { repo } from "./setup/stamp.mjs";

const pictures = join(repo, "docs", "pictures");
const folder = mkdtempSync(join(tmpdir(), "dsbm-pictures-"));

const bin = join(repo, "packages/app/cli/bin/dsbm.mjs");

/** Fits, and returns the path of the newest scatter plot of the forward direction. */
function scatter(name, words) {
  const all = ["fit", ...words, `name=${name}`];
  execFileSync(process.execPath, [bin, ...all], { cwd: folder, stdio: "inherit" });
  const found = readdirSync(join(folder, "experiments", name), { recursive: true });
  const plots = found.filter((path) => /_f_.*_scatter\.png$/.test(path)).toSorted();
  if (plots.length === 0) throw new Error(`${name} has no picture: give it more minutes`);
  return join(folder, "experiments", name, plots.at(-1));
}

/** The ends and the paths of a scatter plot: the last two panels of its two rows of three. */
async function endsAndPaths(path, title) {
  const { width, height } = await sharp(path).metadata();
  const header = 2 * 45;
  const [left, top] = [Math.round(width / 3), Math.round(0.544 * height)];
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
  const rivers = ["winter", "summer"].map((end) => join(repo, "examples", "data", `${end}.csv`));
  const words = [...rivers, "data.exclude=river", "data.keep=id", "max_minutes=2"];
  cpSync(scatter("rivers", words), join(pictures, "rivers.png"));
  const rows = [];
  for (const [name, sigma] of [
    ["small", 0.02],
    ["middle", 1.6],
    ["large", 10],
  ]) {
    const ends = ["Dataset=moons", "Dataset_transfer=eight_gaussians", "max_minutes=1"];
    const title = { small: "too small", middle: "as chosen", large: "too large" }[name];
    rows.push(
      await endsAndPaths(scatter(name, [...ends, `sigma=${sigma}`]), `sigma=${sigma}: ${title}`),
    );
  }
  const sizes = await Promise.all(rows.map((row) => sharp(row).metadata()));
  const [width, height] = [sizes[0].width, sizes.reduce((sum, size) => sum + size.height, 0)];
  let top = 0;
  const layers = rows.map((input, i) => {
    const layer = { input, left: 0, top };
    top += sizes[i].height;
    return layer;
  });
  await sharp({ create: { width, height, channels: 3, background: "white" } })
    .composite(layers)
    .png()
    .toBuffer()
    .then((all) =>
      sharp(all).resize({ width: 900 }).png({ palette: true }).toFile(join(pictures, "sigma.png")),
    );
  await drawStudio();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
