// `npm run check:weights -- --before FOLDER`: short trainings of the published commands give the same weights, bit for bit, as another
// checkout that is set up (npm run setup there). Prints each command with its tensors and how many of them differ.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const thisCheckout = fileURLToPath(new URL("..", import.meta.url));
const table = (name) => `table:${join(thisCheckout, "examples/data", name)}`;
const shortRun = ["seed=1", "threads=1"];
const shortGaussian = ["dim=5", "inner_iters=50", "outer_iters=3", ...shortRun];

/** The six commands of the Gaussian benchmark, images, and two tables, each with fewer steps. */
const commands = [
  ["gaussian", "model_name=dsb", ...shortGaussian],
  ["gaussian", "model_name=dsbm", "first_coupling=ind", "fb_sequence=['b']", ...shortGaussian],
  ["gaussian", "model_name=dsbm", ...shortGaussian],
  ["gaussian", "model_name=dsbm", "first_coupling=ind", ...shortGaussian],
  ["gaussian", "model_name=rectifiedflow", "fb_sequence=[b]", ...shortGaussian],
  ["gaussian", "model_name=sbcfm", ...shortGaussian],
  // biome-ignore format: one command a line
  ["train", "dataset=mnist_2to3", "n_ipf=2", "first_num_iter=4", "num_iter=3", "num_steps=5", "cache_npar=64", "test_npar=16", "plot_npar=4", ...shortRun],
  // biome-ignore format: one command a line
  ["train", "dataset=vectors", `Dataset=${table("winter.csv")}`, `Dataset_transfer=${table("summer.csv")}`, "data.exclude=river", "data.keep=id", "n_ipf=2", "first_num_iter=50", "num_iter=50", ...shortRun],
];

/** Tensors of a safetensors file: name → dtype, shape and bytes as text. */
function tensorsOf(path) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start));
  delete header.__metadata__;
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => [name, `${dtype} ${shape} ${bytes.toString("base64", start + from, start + to)}`],
  );
}

/** Runs a command of a checkout; returns the tensors of all networks that it wrote, by file and name. */
function weightsOf(checkout, command) {
  const cwd = mkdtempSync(join(tmpdir(), "weights-"));
  try {
    execFileSync(process.execPath, [join(checkout, "node_modules/.bin/dsbm"), ...command], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const files = readdirSync(cwd, { recursive: true, encoding: "utf8" });
    const networks = files.filter((file) => /models\/[^/]+\.safetensors$/.test(file));
    return new Map(
      networks.flatMap((file) =>
        tensorsOf(join(cwd, file)).map(([name, value]) => [
          `${file.split("models/")[1]} ${name}`,
          value,
        ]),
      ),
    );
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** The names of tensors of two runs that are not equal in both. */
const differences = (one, other) =>
  [...new Set([...one.keys(), ...other.keys()])].filter(
    (name) => one.get(name) !== other.get(name),
  );

const { values } = parseArgs({ options: { before: { type: "string" } } });
const otherCheckout = values.before === undefined ? null : resolve(values.before);
if (!otherCheckout || !existsSync(join(otherCheckout, "node_modules/.bin/dsbm"))) {
  console.error("expected --before FOLDER, another checkout that is set up (npm run setup there).");
  process.exit(2);
}
let failedCommands = 0;
for (const command of commands) {
  const now = weightsOf(thisCheckout, command);
  const changed = differences(now, weightsOf(otherCheckout, command));
  if (now.size === 0 || changed.length > 0) failedCommands += 1;
  const title = command
    .map((word) => word.replace(join(thisCheckout, "examples/data/"), ""))
    .join(" ");
  const result = changed.length === 0 ? "all equal" : `${changed.length} differ: ${changed[0]} …`;
  console.log(`dsbm ${title}: ${now.size} tensors, ${result}`);
}
console.log(
  `${commands.length - failedCommands} of ${commands.length} commands give the same weights`,
);
process.exitCode = failedCommands > 0 ? 1 : 0;
