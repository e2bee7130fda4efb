// `npm run gallery [-- NAME …]`: trains the bridges of docs/gallery, or the named ones, and writes a page and a thumbnail of
// each, and README.md. `--quick` trains a few steps.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import sharp from "sharp";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

/** Pages above this number of bytes stay out of the repository. */
const mostKept = 1e6;

const exhibits = [
  {
    name: "points",
    title: "Points",
    about: "Normal points become two half moons.",
    command: ["train", "dataset=moons", "n_ipf=3", "test_npar=2000", "model.hidden='128,128'"],
    quick: ["n_ipf=1", "first_num_iter=30", "num_iter=20", "num_steps=5", "test_npar=100"],
  },
  {
    name: "rivers",
    title: "Rivers",
    about: "Water measurements of winter become measurements of summer, in the units of the table.",
    command: [
      ...["fit", "examples/data/winter.csv", "examples/data/summer.csv"],
      ...["data.exclude=river", "data.keep=id", "n_ipf=2", "num_iter=2000"],
    ],
    quick: ["n_ipf=1", "num_iter=20", "num_steps=5"],
    hasReport: true,
  },
  {
    name: "digits",
    title: "Digits",
    about: "Handwritten 2s become 3s, in principal components: choose a digit.",
    command: [
      ...["train", "dataset=digits", "Dataset=mnist_2", "Dataset_transfer=mnist_3"],
      ...["ot_sampler=exact", "n_ipf=1", "model.hidden='160,160'"],
    ],
    quick: [
      ...["first_num_iter=60", "num_steps=5", "batch_size=128", "cache_npar=128"],
      "test_npar=100",
    ],
  },
  {
    name: "fields",
    title: "Fields",
    direction: "b",
    about: "Coarse fields become fine ones, each with its own condition.",
    command: [
      ...["train", "dataset=downscaler_synthetic", "n_ipf=1", "first_num_iter=400", "num_iter=200"],
      ...["cache_npar=128", "test_npar=64", "num_steps=60"],
    ],
    quick: [
      ...["first_num_iter=3", "num_iter=2", "num_steps=4", "cache_npar=8", "batch_size=4"],
      "test_npar=8",
    ],
  },
];

const galleryFolder = join(repo, "docs/gallery");
const program = join(repo, "packages/command/cli/bin/dsbm.mjs");

const reportOf = (name) => join(galleryFolder, `${name}-report.html`);

/** Runs a command and returns what it prints; its progress is shown. */
async function dsbm(...args) {
  const running = promisify(execFile)(process.execPath, [program, ...args], { cwd: repo });
  running.child.stderr.pipe(process.stderr);
  return (await running).stdout;
}

/** The newest image of paths in a direction, or of points; undefined if the run has none. */
function newestPicture(run, direction) {
  const folder = join(run, "samples");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const endings = [`_${direction}_path.png`, "_path.png", "_scatter.png"];
  const name = endings.map((end) => names.findLast((one) => one.endsWith(end))).find(Boolean);
  return name && join(folder, name);
}

/** Trains a bridge, and writes its page and its thumbnail. */
async function makeRun({ name, command, quick, hasReport, direction = "f" }) {
  const more = process.argv.includes("--quick") ? quick : [];
  const printed = await dsbm(...command, ...more, `name=gallery_${name}`);
  const run = dirname(printed.match(/^report: +(\S+)$/m)[1]);
  const page = join(galleryFolder, `${name}.html`);
  await dsbm("export", run, page, "overwrite=true");
  if (hasReport) {
    const report = readFileSync(resolve(repo, run, "report.html"), "utf8");
    writeFileSync(reportOf(name), report.replaceAll(`${repo}/`, ""));
  }
  const picture = newestPicture(run, direction);
  if (!picture) return;
  const small = sharp(picture)
    .resize({ width: 640 })
    .png({ palette: true, colours: 64, effort: 10 });
  await small.toFile(join(galleryFolder, `${name}.png`));
}

/** The section of README.md. Sites show the player; other readers of Markdown show the thumbnail and its link. */
function sectionOf({ name, title, about, command }) {
  const page = join(galleryFolder, `${name}.html`);
  const isKept = existsSync(page) && statSync(page).size <= mostKept;
  const thumbnail = `![${title}: samples and paths](${name}.png)`;
  const report = existsSync(reportOf(name)) ? `, or [its report](${name}-report.html)` : "";
  return [
    `## ${title}`,
    isKept ? `${about} [Open the page](${name}.html)${report}.` : about,
    ...(isKept
      ? [
          `[${thumbnail}](${name}.html)`,
          `<iframe src="${name}.html" title="Player: ${title}" loading="lazy" width="100%" height="900"></iframe>`,
        ]
      : [thumbnail, "The page holds ONNX Runtime, so it is not in the repository. Make it:"]),
    `\`\`\`\nnpx dsbm ${command.join(" ")}\nnpx dsbm export latest ${name}.html\n\`\`\``,
  ].join("\n\n");
}

await setup();
mkdirSync(galleryFolder, { recursive: true });
const { createInterrupt, runQueue } = await import("@dsbm/runs");
const names = process.argv.slice(2).filter((arg) => !arg.startsWith("--"));
const interrupt = createInterrupt();
const end = await runQueue(
  exhibits.filter(({ name }) => names.length === 0 || names.includes(name)),
  {
    signal: interrupt.signal,
    run: makeRun,
    failed({ name }, error) {
      console.error(`${name} failed: ${error.message}`);
      process.exitCode = 1;
    },
  },
);
interrupt.dispose();
if (end === "stopped") process.exit(130);
const head =
  "# Gallery\n\nTrained bridges to play with. Each page is one file that works offline. The commands below a bridge train it and write its\npage. `npm run gallery` makes all of them.";
writeFileSync(
  join(galleryFolder, "README.md"),
  `${[head, ...exhibits.map(sectionOf)].join("\n\n")}\n`,
);
console.log(`gallery ${join(galleryFolder, "README.md")}`);
