// Draws docs/pictures/ and docs/studio again: figures of the README and the tutorials by their commands, and their runs in
// the studio. `npm run pictures [-- NAME …]`, some minutes; the report and the studio need chromium.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";
import ts from "typescript";
import { drawCards, saveCard } from "./pictures/cards.mjs";
import { cardSvg, threeScenesSvg } from "./pictures/scene.mjs";
import { repo } from "./setup/stamp.mjs";

const pictures = join(repo, "docs", "pictures");
const folder = mkdtempSync(join(tmpdir(), "dsbm-pictures-"));

const bin = join(repo, "packages/command/cli/bin/dsbm.mjs");

const chosenNames = process.argv.slice(2);
const wants = (name) => chosenNames.length === 0 || chosenNames.includes(name);

const run = (program, args) => execFileSync(program, args, { cwd: folder, stdio: "inherit" });
const dsbm = (...args) => run(process.execPath, [bin, ...args]);

/** The path of the latest figure of forward samples below a folder. */
function latestFigure(name) {
  const below = join(folder, "experiments", name);
  const figures = readdirSync(below, { recursive: true }).filter((path) =>
    /_f_.*_scatter\.png$/.test(path),
  );
  if (figures.length === 0) throw new Error(`${name} has no picture: give it more minutes`);
  return join(below, figures.toSorted().at(-1));
}

/** Fits, or opens the finished run, and returns the path of its latest figure. */
function figureOf(name, options) {
  dsbm("fit", ...options, `name=${name}`);
  return latestFigure(name);
}

/** The block of a tutorial in a language that has a text. */
function blockOf(page, language, text) {
  const document = readFileSync(join(repo, "docs/guide", `${page}.md`), "utf8");
  const blocks = [...document.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))];
  return blocks.map(([, block]) => block).find((block) => block.includes(text));
}

/** Runs a program of TypeScript or JavaScript in the folder. */
function runProgram(name, text) {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  writeFileSync(join(folder, `${name}.mjs`), outputText);
  run(process.execPath, [`${name}.mjs`]);
}

/** The plot of the tutorial of R; null if R or onnxruntime is missing. */
function drawInR(options) {
  for (const [program, ...args] of [
    ["python3", "-c", "import onnxruntime"],
    ["Rscript", "--version"],
  ])
    if (spawnSync(program, args).status !== 0) {
      console.log(
        `python-and-r: "${[program, ...args].join(" ")}" fails here; the old image stays`,
      );
      return null;
    }
  figureOf("rivers", options);
  dsbm("export", "latest", "rivers/", "overwrite=true");
  run("Rscript", ["-e", blockOf("python-and-r", "r", "plot(")]);
  return join(folder, "rivers.png");
}

/** Writes an image of a page: at most 700 pixels wide, in 64 colours. */
const save = (picture, name) =>
  sharp(picture)
    .resize({ width: 700, withoutEnlargement: true })
    .flatten({ background: "white" })
    .png({ palette: true, colours: 64, effort: 10 })
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
    const data = ["Dataset=moons", "Dataset_transfer=eight_gaussians"];
    const steps = ["max_minutes=null", "n_ipf=2", "first_num_iter=300", "num_iter=100"];
    const path = figureOf(name, [...data, ...steps, `sigma=${sigma}`]);
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

/** The points of the latest figure of forward samples of a run. */
const pointsOf = (name) =>
  JSON.parse(readFileSync(latestFigure(name).replace(/_scatter\.png$/, "_points.json"), "utf8"));

/** The top of the report of a run, or its first element that matches a selector. */
async function drawReport(name, picture, { width = 700, selector } = {}) {
  const below = join(folder, "experiments", name);
  const report = readdirSync(below, { recursive: true }).find((path) =>
    path.endsWith("report.html"),
  );
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const page = await browser.newPage({ viewport: { width, height: 600 } });
  await page.goto(pathToFileURL(join(below, report)).href);
  const shown = selector ? page.locator(selector).first() : page;
  await save(await shown.screenshot(), picture);
  await browser.close();
}

/** Starts the studio over the runs of this folder: its address and its runs. */
async function openStudio() {
  const studio = spawn(process.execPath, [bin, "studio", "experiments"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(studio.stdout, "data");
  const address = /http:\S+/.exec(String(said))[0];
  const { rows } = await (await fetch(`${address}api/runs`)).json();
  const addressOf = (isShown) =>
    rows
      .filter(isShown)
      .map(({ id }) => `run=${encodeURIComponent(id)}`)
      .join("&");
  const close = async () => {
    studio.kill("SIGINT");
    await once(studio, "exit");
  };
  return { address, addressOf, close };
}

/** Screenshots of the pages of the studio, with runs of three values of sigma and two seeds to compare. */
async function drawStudio(options) {
  const sigmas = [0.05, 0.15, 0.5];
  const short = ["max_minutes=null", "n_ipf=1", "num_iter=300"];
  for (const sigma of sigmas)
    for (const seed of [1, 2])
      dsbm("fit", ...options, ...short, `sigma=${sigma}`, `seed=${seed}`, `name=sigma_${sigma}`);
  const { address, addressOf, close } = await openStudio();
  const rivers = addressOf(({ name }) => name === "rivers");
  const pages = {
    runs: "#/",
    run: `#/run?${rivers}`,
    compare: `#/compare?${addressOf(({ name }) => sigmas.some((sigma) => name === `sigma_${sigma}`))}`,
    play: `#/run?${rivers}&tab=play`,
  };
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  const [width, height] = [1280, 900];
  for (const [name, hash] of Object.entries(pages)) {
    const isLong = name === "compare";
    const viewport = { width, height: isLong ? 1300 : height };
    const page = await browser.newPage({ viewport });
    await page.goto(address + hash);
    if (name === "play") {
      await page.getByRole("button", { name: "Export this bridge and play" }).click();
      const player = page.frameLocator("iframe");
      await player.getByRole("button", { name: "Pause" }).click({ timeout: 120_000 });
      await page.waitForTimeout(3000);
      await player.getByRole("slider", { name: "Time" }).fill("0.6");
    } else
      await page
        .locator(name === "runs" ? "tbody tr" : "canvas")
        .first()
        .waitFor();
    await page.waitForTimeout(1500);
    await sharp(await page.screenshot())
      .png({ palette: true, colours: 64, effort: 10 })
      .toFile(join(repo, "docs", "studio", `${name}-${width}.png`));
    await page.close();
  }
  await browser.close();
  await close();
}

try {
  symlinkSync(join(repo, "node_modules"), join(folder, "node_modules"));
  symlinkSync(join(repo, "examples"), join(folder, "examples"));
  const data = "examples/data";
  const rivers = [`${data}/winter.csv`, `${data}/summer.csv`];
  const tutorials = {
    rivers: [...rivers, "data.exclude=river", "data.keep=id", "max_minutes=2"],
    conditions: [
      ...[...rivers, "data.condition=river", "data.keep=id"],
      // Steps instead of minutes: its panels show metrics.
      ...["condition_dropout=0.1", "max_minutes=null", "n_ipf=2", "num_iter=1500"],
    ],
    pairs: [
      ...[...rivers, "data.exclude=river", "data.id=id", `pairs=${data}/known.csv`],
      ...["n_ipf=1", "max_minutes=2"],
    ],
  };
  for (const [name, options] of Object.entries(tutorials))
    if (wants(name)) await save(figureOf(name, options), name);
  if (wants("rivers")) {
    await drawReport("rivers", "report");
    const points = pointsOf("rivers");
    await saveCard(Buffer.from(cardSvg(points)), "tables");
    const titles = ["Winter rows", "Paths of the bridge", "Generated (blue) on real summer rows"];
    await sharp(Buffer.from(threeScenesSvg(points, titles)))
      .png({ palette: true, colours: 64, effort: 10 })
      .toFile(join(pictures, "bridge.png"));
  }
  if (wants("cards")) await drawCards();
  // The panels of its three rivers.
  if (wants("conditions")) {
    dsbm("evaluate", dirname(dirname(latestFigure("conditions"))));
    await drawReport("conditions", "conditions", { width: 900, selector: "h4 + .note + .grid" });
  }
  if (wants("python-and-r")) {
    const plot = drawInR(tutorials.rivers);
    if (plot) await save(plot, "python-and-r");
  }
  if (wants("time-course")) {
    run(process.execPath, [`${data}/cells.mjs`]);
    const cells = ["cells.h5ad", "time=day", "data.layer=X_pca", "data.keep=celltype"];
    await save(figureOf("cells", [...cells, "max_minutes=5"]), "time-course");
    await saveCard(Buffer.from(cardSvg(pointsOf("cells"), { isCourse: true })), "course");
  }
  if (wants("extending")) {
    const program = readFileSync(join(repo, "examples/own-method.ts"), "utf8");
    runProgram(
      "own-method",
      program.replace("  method:", '  folder: "experiments/own",\n  method:'),
    );
    await save(latestFigure("own"), "extending");
  }
  if (wants("paper-to-code")) {
    runProgram(
      "by-hand",
      blockOf("paper-to-code", "js", "scatterFigure").replace("10_000", "3_000"),
    );
    await save(join(folder, "paths.svg"), "paper-to-code");
  }
  if (wants("sigma")) await drawSigma();
  if (wants("studio")) {
    if (!existsSync(join(folder, "experiments/rivers"))) figureOf("rivers", tutorials.rivers);
    await drawStudio(tutorials.rivers.slice(0, -1));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
