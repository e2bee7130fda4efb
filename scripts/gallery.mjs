// `npm run gallery`: trains the presets of docs/gallery, and writes a page, a picture and README.md from them.
// `npm run gallery -- RUN …` adds runs of your own; `--quick` trains a few steps.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

/** Pages above this number of bytes stay out of the repository. */
const mostKept = 1e6;

const exhibits = [
  {
    name: "points",
    title: "Points",
    direction: "f",
    about:
      "Normal points become two half moons. Follow a group with the pointer, and send it back.",
    overrides: ["dataset=moons", "n_ipf=3", "test_npar=2000", "model.hidden='128,128'"],
    quick: ["n_ipf=1", "first_num_iter=30", "num_iter=20", "num_steps=5", "test_npar=100"],
  },
  {
    name: "digits",
    title: "Digits",
    direction: "f",
    about:
      "Handwritten 2s become 3s, in principal components. Choose a digit or draw one, and watch it cross.",
    overrides: [
      "dataset=digits",
      "Dataset=mnist_2",
      "Dataset_transfer=mnist_3",
      "ot_sampler=exact",
      "n_ipf=1",
      "model.hidden='160,160'",
    ],
    quick: [
      "first_num_iter=60",
      "num_steps=5",
      "batch_size=128",
      "cache_npar=128",
      "test_npar=100",
    ],
  },
  {
    name: "fields",
    title: "Fields",
    direction: "b",
    about: "Coarse fields become fine ones, each with its own condition.",
    overrides: [
      "dataset=downscaler_synthetic",
      "n_ipf=1",
      "first_num_iter=400",
      "num_iter=200",
      "cache_npar=128",
      "test_npar=64",
      "num_steps=60",
    ],
    quick: [
      "first_num_iter=3",
      "num_iter=2",
      "num_steps=4",
      "cache_npar=8",
      "batch_size=4",
      "test_npar=8",
    ],
  },
];

const out = join(repo, "docs/gallery");
const program = join(repo, "packages/app/cli/bin/dsbm.mjs");
const dsbm = (...args) =>
  execFileSync(process.execPath, [program, ...args], {
    cwd: repo,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

/** The newest picture of paths in a direction, or of points; undefined if the run has none. */
function newestPicture(run, direction) {
  const folder = join(run, "samples");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const endings = [`_${direction}_path.png`, "_path.png", "_scatter.png"];
  const name = endings.map((end) => names.findLast((one) => one.endsWith(end))).find(Boolean);
  return name && join(folder, name);
}

/** Exports a run's page and picture; returns its section of README.md. */
function show({ name, title, about, direction, command }, run) {
  const page = join(out, `${name}.html`);
  dsbm("export", run, page, "overwrite=true");
  const isSmall = statSync(page).size <= mostKept;
  const link = isSmall
    ? `[${name}.html](${name}.html)`
    : `\`${name}.html\` holds ONNX Runtime and is not in the repository`;
  const picture = newestPicture(run, direction);
  if (picture) copyFileSync(picture, join(out, `${name}.png`));
  return [
    `## ${title}`,
    `${about} ${link}${command ? `; trained by \`${command}\`` : ""}.`,
    ...(picture ? [`![${title}](${name}.png)`] : []),
  ].join("\n\n");
}

await setup();
mkdirSync(out, { recursive: true });
const args = process.argv.slice(2);
const sections = [];
for (const exhibit of exhibits) {
  const overrides = [...exhibit.overrides, ...(args.includes("--quick") ? exhibit.quick : [])];
  const printed = dsbm("train", ...overrides, `name=gallery_${exhibit.name}`);
  const report = printed.match(/^report: +(\S+)$/m)?.[1];
  const command = `npx dsbm train ${exhibit.overrides.join(" ")}`;
  sections.push(show({ ...exhibit, command }, dirname(report)));
}
for (const run of args.filter((arg) => !arg.startsWith("--"))) {
  const name = basename(dirname(dirname(resolve(run))));
  sections.push(show({ name, title: name, about: "A run of your own.", direction: "f" }, run));
}
const head =
  "# Gallery\n\nPages that play bridges offline. Each page is one file: download it and open it. `npm run gallery` makes them.";
writeFileSync(join(out, "README.md"), `${[head, ...sections].join("\n\n")}\n`);
console.log(`gallery ${join(out, "README.md")}`);
