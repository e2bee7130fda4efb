// One command from a fresh clone to a built workspace, and nothing at all the second time.
// Plain Node without packages: node_modules may not be there yet. Speaks on stderr only.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildNative, identify } from "../packages/engine/torch/addon/build.mjs";
import { withLock } from "../packages/engine/torch/addon/lock.mjs";
import { missingPackages } from "../packages/engine/torch/addon/system.mjs";
import { runOrThrow, SetupError } from "./setup/command.mjs";
import { installPackages, isInstalled } from "./setup/packages.mjs";
import {
  filesBelow,
  fingerprint,
  isStamped,
  packageFolders,
  repo,
  stamp,
  unstamp,
} from "./setup/stamp.mjs";
import { installSystem } from "./setup/system.mjs";

const NODE = 20;
const environment = () => ["LIBTORCH", "CXX"].map((name) => process.env[name] ?? null);

/** Whether libtorch is not installed, used if it may be installed, or asked for. */
function libtorchWish() {
  const { DSBM_ENGINE, LIBTORCH, DSBM_TORCH_ADDON } = process.env;
  if (DSBM_ENGINE === "portable") return "never";
  return DSBM_ENGINE === "libtorch" || LIBTORCH || DSBM_TORCH_ADDON ? "required" : "optional";
}

/** True if the last native build's libtorch is still the same file. */
function isLinked() {
  const record = join(repo, "packages/engine/torch/build/libtorch.json");
  if (!existsSync(record)) return false;
  const facts = JSON.parse(readFileSync(record, "utf8"));
  return identify(facts) === facts.linkedTo;
}

const exists = (path) => existsSync(join(repo, path));

const TSC = "node_modules/typescript/bin/tsc";
/** Rooms whose scripts run in pages: they have a bundle.mjs that writes dist/bundle. */
const bundledPackages = () =>
  // Pages first: the bundle of a fit holds scripts of theirs.
  packageFolders()
    .filter((folder) => exists(`${folder}/bundle.mjs`))
    .toReversed();
const isCompiled = () => packageFolders().every((folder) => exists(`${folder}/dist/index.js`));

// In this order; `forLibtorch`: the portable engine needs no such step; `print` names the inputs, `intact` whether the outputs are there, `run` makes them.
const STEPS = [
  {
    name: "system",
    title: "system packages",
    forLibtorch: true,
    print: () => fingerprint(["packages/engine/torch/addon/system.mjs"], environment()),
    intact: isLinked,
    async run(log) {
      const missing = missingPackages();
      if (missing.length > 0) await installSystem(missing, log);
    },
  },
  {
    name: "npm",
    title: "npm packages",
    print() {
      const manifests = packageFolders().map((folder) => `${folder}/package.json`);
      return fingerprint(["package-lock.json", "package.json", ...manifests]);
    },
    intact: () => exists("node_modules/.package-lock.json"),
    async run() {
      if (!isInstalled()) await installPackages();
    },
  },
  {
    name: "native",
    title: "native addon",
    forLibtorch: true,
    print() {
      const scripts = filesBelow("packages/engine/torch/addon", /\.mjs$/);
      const sources = filesBelow("packages/engine/torch/native", /\.(cc|h|hpp|inc)$/);
      return fingerprint([...scripts, ...sources], environment());
    },
    intact: () => exists("packages/engine/torch/build/dsbm_torch.node") && isLinked(),
    run: (log, { force }) => buildNative({ log, isForced: force }),
  },
  {
    name: "typescript",
    title: "TypeScript",
    print() {
      const folders = [...packageFolders(), "bench/quality"];
      const sources = folders.flatMap((folder) => filesBelow(`${folder}/src`, /\.(ts|tsx|json)$/));
      const configs = folders.map((folder) => `${folder}/tsconfig.json`);
      return fingerprint(["tsconfig.json", "tsconfig.base.json", ...configs, ...sources]);
    },
    intact: isCompiled,
    // tsc trusts its own records: where the output itself is gone it must be told.
    run: () => runOrThrow(process.execPath, [TSC, "-b", ...(isCompiled() ? [] : ["--force"])]),
  },
  {
    name: "bundles",
    title: "scripts of pages",
    print: () =>
      fingerprint([
        "package-lock.json",
        ...bundledPackages().map((folder) => `${folder}/bundle.mjs`),
        ...packageFolders().flatMap((folder) =>
          filesBelow(`${folder}/src`, /\.(ts|tsx|css|html)$/),
        ),
        ...filesBelow("packages/app/config/conf", /\.yaml$/),
      ]),
    intact: () => bundledPackages().every((folder) => exists(`${folder}/dist/bundle`)),
    async run() {
      for (const folder of bundledPackages())
        await runOrThrow(process.execPath, [`${folder}/bundle.mjs`]);
    },
  },
];

const isDone = (step) => step.intact() && isStamped(step.name, step.print());

/**
 * Runs a step and stamps it.
 * @throws {SetupError}
 */
async function runStep(step, log, { force }) {
  const start = performance.now();
  log(`${step.title} …`);
  const print = step.print(); // before the work: an edit during it must count as undone
  unstamp(step.name);
  try {
    await step.run(log, { force });
  } catch (error) {
    const [line, ...rest] = error.message.split("\n");
    throw new SetupError(`${step.title}: ${line}`, error.output ?? rest.join("\n"));
  }
  stamp(step.name, print);
  log(`${step.title} ready (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/**
 * Runs the missing steps. If a step for libtorch fails and nobody asked for libtorch, the others follow: the portable
 * engine is enough for tables.
 * @throws {SetupError}
 */
async function runSteps(steps, { force, log }) {
  let hasLibtorch = true;
  for (const step of steps) {
    if (step.forLibtorch && !hasLibtorch) continue;
    if (!force && isDone(step)) continue;
    try {
      await runStep(step, log, { force });
    } catch (error) {
      if (!step.forLibtorch || libtorchWish() !== "optional") throw error;
      hasLibtorch = false;
      if (error.output) console.error(error.output.trimEnd());
      log(
        `without libtorch, which adds images and speed: the portable engine runs tables (${error.message})`,
      );
    }
  }
}

/**
 * Brings the workspace up to date: system packages, npm packages, native addon, TypeScript, the scripts of pages.
 * @throws {SetupError} (one line; `output` holds what the failing program said).
 */
export async function setup({
  /** Redo every step, stamps or not. */
  force = false,
  /** Names of the steps to look at. */
  only = STEPS.map((step) => step.name),
  log = (line) => console.error(`set-up: ${line}`),
} = {}) {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < NODE) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: Node ${NODE} or newer is needed.`,
    );
  }
  const isWanted = (step) => !step.forLibtorch || libtorchWish() !== "never";
  const steps = STEPS.filter((step) => only.includes(step.name) && isWanted(step));
  if (!force && steps.every(isDone)) return;
  await withLock(() => runSteps(steps, { force, log }), { folder: join(repo, ".setup"), log });
}

/** Prints a failed set-up: the program's whole output, then the one line that says what to do. */
export function reportFailure(error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output) console.error(error.output.trimEnd());
  console.error(`set-up failed: ${error.message}`);
}

/** The steps of an option. */
const partsOf = {
  "--build": ["native", "typescript", "bundles"],
  // After `npm ci`, which is enough for tables.
  "--compile": ["typescript", "bundles"],
};

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !(flag in partsOf) && flag !== "--force");
  const isCompilable = exists(TSC) || !flags.includes("--compile");
  try {
    if (unknown)
      throw new SetupError(
        `unknown option ${unknown}: --build (skip apt and npm), --compile (TypeScript alone), --force (redo all).`,
      );
    let isThere = true;
    // `npm ci --omit=dev` has no compiler: earlier compiled files stay.
    if (!isCompilable)
      console.error("set-up: nothing is compiled without npm's development packages");
    else
      await setup({
        force: flags.includes("--force"),
        only: Object.entries(partsOf).find(([flag]) => flags.includes(flag))?.[1],
        log(line) {
          isThere = false;
          console.error(`set-up: ${line}`);
        },
      });
    if (isThere)
      console.error("set-up: all is there already (npm run setup -- --force does it again)");
  } catch (error) {
    reportFailure(error);
    process.exitCode = 1;
  }
}
