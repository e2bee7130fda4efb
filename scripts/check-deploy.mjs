// `npm run check:deploy`: the steps of the recipes of deploy/ in a temporary folder, without a
// daemon: the copied files, the set-up on these alone (some minutes), and the images' start, as a
// user without rights if this user is root. The image's own additions (its layers, its base, its
// file system) are not checked.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import {
  copies,
  definition,
  dockerfile,
  ignoredPaths,
  installedPackages,
} from "./deploy/recipes.mjs";
import { repo } from "./setup/stamp.mjs";

const scratch = mkdtempSync(join(tmpdir(), "dsbm-check-deploy-"));
const instructions = dockerfile();
const instructionsNamed = (name) =>
  instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const { sections } = definition();
const workdir = instructionsNamed("WORKDIR")[0];
const uid = Number(/--uid (\d+)/.exec(instructionsNamed("RUN").join("\n"))?.[1]);
const isRoot = process.getuid?.() === 0;
let failureCount = 0;

function check(name, task) {
  try {
    const said = task();
    console.log(`✓ ${name}${said ? `: ${said}` : ""}`);
  } catch (error) {
    failureCount++;
    console.log(`✗ ${name}\n  ${String(error.message ?? error).replaceAll("\n", "\n  ")}`);
  }
}

/** Runs a program; throws its last lines if it fails. */
function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    ...options,
  });
  if (status === 0) return stdout;
  const tail = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-15).join("\n");
  throw new Error(`${[program, ...args].join(" ")} ended with ${status ?? error}\n${tail}`);
}

/** Runs a program of the image as its user, with a home of its own. */
function asUser(program, args, cwd) {
  const home = join(scratch, "home");
  const env = { PATH: process.env.PATH, HOME: home, DSBM_CORES: "1" };
  if (!isRoot) return run(program, args, { cwd, env });
  const user = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  return run("setpriv", [...user, program, ...args], { cwd, env });
}

/** Files below a folder, without node_modules. */
const filesOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"))
    .sort();

const copyInto = (folder, pairs, isLeftOut) => {
  for (const [from, to] of pairs) {
    const filter = (path) => !isLeftOut(relative(repo, path));
    cpSync(join(repo, from), join(folder, to), { recursive: true, filter });
  }
};

const ownFolder = (path) => {
  mkdirSync(path, { recursive: true });
  if (isRoot) chownSync(path, uid, uid);
};

const training = [
  ...["train", "dataset=moons", "num_iter=20", "first_num_iter=20", "n_ipf=1", "threads=1"],
  ...["model.hidden=16", "test_npar=50", "data.n_train=200"],
];

try {
  chmodSync(scratch, 0o755);
  ownFolder(join(scratch, "home"));
  const image = join(scratch, "docker");
  check("the scripts are shell", () => {
    for (const script of [
      ...instructionsNamed("RUN"),
      ...["%post", "%runscript", "%test"].map((s) => sections.get(s)),
    ])
      run("sh", ["-n"], { input: script });
  });
  check("the base is this machine's Debian", () => {
    const [, codename] =
      /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
    if (!instructionsNamed("FROM")[0].includes(`${codename}-`))
      throw new Error(`${instructionsNamed("FROM")[0]} here on ${codename}`);
    return codename;
  });
  check("apt-get would install the packages", () => {
    const names = installedPackages(instructionsNamed("RUN").join("\n"));
    run("apt-get", ["install", "--simulate", "-y", "--no-install-recommends", ...names]);
    return names.join(" ");
  });
  copyInto(image, copies(instructions), ignoredPaths());
  check("both recipes bring the same files to the set-up", () => {
    const other = join(scratch, "apptainer");
    const pairs = sections
      .get("%files")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .map(([from, to]) => [from, relative(workdir, to)]);
    copyInto(other, pairs, (path) => /(^|\/)node_modules(\/|$)/.test(path));
    const [clean] = /^\s*rm -rf packages.*$/m.exec(sections.get("%post")) ?? [];
    run("sh", ["-c", clean ?? "exit 1"], { cwd: other });
    const [a, b] = [filesOf(image), filesOf(other)];
    const odd = [
      ...a.filter((path) => !b.includes(path)),
      ...b.filter((path) => !a.includes(path)),
    ];
    rmSync(other, { recursive: true });
    if (odd.length > 0) throw new Error(`only in one: ${odd.slice(0, 5).join(", ")}`);
    return `${a.length} files`;
  });
  check(
    "npm run setup works on them alone",
    () => void run("npm", ["run", "setup"], { cwd: image }),
  );
  for (const path of JSON.parse(instructionsNamed("VOLUME")[0]))
    ownFolder(join(image, relative(workdir, path)));
  const entry = join(image, relative(workdir, JSON.parse(instructionsNamed("ENTRYPOINT")[0])[0]));
  const who = isRoot ? `as user ${uid}` : "as this user (root would try the image's)";
  check(`Docker's entry point says doctor, ${who}`, () => {
    asUser(entry, JSON.parse(instructionsNamed("CMD")[0]), image);
  });
  check(`and trains, ${who}`, () => {
    asUser(entry, training, image);
    if (!existsSync(join(image, "experiments/moons"))) throw new Error("it left no run");
  });
  const script = (name) => sections.get(name).replaceAll(workdir, image);
  check("Apptainer's %test passes", () => void asUser("sh", ["-ec", script("%test")], image));
  check("Apptainer's %runscript trains in a folder of the user's", () => {
    const own = join(scratch, "own");
    ownFolder(own);
    asUser("sh", ["-ec", script("%runscript"), "dsbm", ...training], own);
    if (!existsSync(join(own, "experiments/moons"))) throw new Error("it left no run");
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(failureCount > 0 ? `${failureCount} failed` : "all passed");
process.exitCode = failureCount > 0 ? 1 : 0;
