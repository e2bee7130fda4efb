// Builds the engine's addon by calling the C++ compiler itself: one object a file, cached by content. The repository's
// set-up calls it, and where the package is installed the engine does, when it is first loaded.
// node-gyp would ask for Python, make and downloaded headers, and gives us nothing in return.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder, putCached, takeCached } from "./cache.mjs";
import { findCompiler } from "./compiler.mjs";
import { findBlas, findLibtorch, runPath } from "./find-libtorch.mjs";
import { withLock } from "./lock.mjs";
import { aptCommand, missingPackages } from "./system.mjs";

const run = promisify(execFile);
const home = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const mac = process.platform === "darwin";
const NAME = "dsbm_torch";

function hash(...parts) {
  const digest = createHash("sha256");
  for (const part of parts) digest.update(String(part.length)).update(":").update(part);
  return digest.digest("hex").slice(0, 16);
}

/** Replaces `file` in one step, so that a reader or a running process never sees half of it. */
function writeAtomic(file, text) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** Runs one compiler command that writes `target`, in one step; throws its output on failure. */
async function produce(compiler, args, target, { cwd, warn }) {
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    const words = [...compiler.args, ...args, "-o", temporary];
    const { stderr } = await run(compiler.name, words, { cwd, maxBuffer: 1 << 26 });
    if (stderr.trim()) warn(stderr.trimEnd());
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    const output = error.stderr || error.message;
    throw Object.assign(
      new Error(`${compiler.name} failed to make ${basename(target)}:\n${output}`),
      { isCompilerError: typeof error.code === "number" && !shortages.test(output) },
    );
  }
}

/** What another try may have: memory, room on the disk. */
const shortages = /No space left|[Kk]illed|out of memory|Cannot allocate|Disk quota/;

/** Throws the failure of an earlier build from the same inputs, which would fail again after minutes. */
function checkFailure(file, state) {
  if (!existsSync(file)) return;
  const [failed, line, ...output] = readFileSync(file, "utf8").split("\n");
  if (failed !== state) return;
  const cure = `compiler, libtorch and sources are as before: change one of them, or remove ${file} to try again`;
  throw new Error([`${line.replace(/:$/, "")}, and ${cure}`, ...output].join("\n"));
}

/** Does the work of a build, and keeps in `file` that it failed with these inputs. Throws at once if it did before. */
async function rememberFailure({ file, state, isForced }, work) {
  if (isForced) rmSync(file, { force: true });
  checkFailure(file, state);
  try {
    const result = await work();
    rmSync(file, { force: true });
    return result;
  } catch (error) {
    if (error.isCompilerError) writeAtomic(file, `${state}\n${error.message}`);
    throw error;
  }
}

/** Node-API's C headers: their folder, and the version of the package that has them. */
function nodeHeaders() {
  const require = createRequire(join(home, "package.json"));
  const { version } = require("node-api-headers/package.json");
  return { version, include: require("node-api-headers").include_dir };
}

function compileFlags(libtorch, compiler) {
  return [
    ..."-O2 -std=c++17 -fPIC -fvisibility=hidden -Wall".split(" "),
    // What loops need to be vectorised, and to give the same numbers on every processor.
    ..."-ftree-vectorize -fno-math-errno -fno-trapping-math -ffp-contract=off".split(" "),
    ...(mac ? [] : ["-fopenmp"]), // Apple's clang has no OpenMP: at::parallel_for then runs serially here
    // g++ 12 sees overflows in c10's reference counts that are not there.
    ...(compiler.version.includes("clang") ? [] : ["-Wno-stringop-overflow"]),
    // A write past the end of a buffer on the stack, or by a function of the C library, ends the process.
    ...["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
    `-DNODE_GYP_MODULE_NAME=${NAME}`,
    ...(mac ? [] : [`-D_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi ? 1 : 0}`]),
    ...libtorch.include.flatMap((folder) => ["-isystem", folder]),
  ];
}

function linkFlags(libtorch, blas) {
  const cuda = libtorch.cuda ? ["-ltorch_cuda", "-lc10_cuda"] : [];
  const shared = mac
    ? ["-bundle", "-undefined", "dynamic_lookup"]
    : // libtorch_cuda registers its kernels at load and is named by nothing; the DT_RPATH (not
      // RUNPATH) also holds for the libraries' libraries, which is how libtorch gets the OpenMP BLAS.
      // Every symbol is bound at load, and the table of them is read-only afterwards.
      [
        ...["-shared", "-Wl,--no-as-needed", "-Wl,--disable-new-dtags", "-Wl,-z,relro,-z,now"],
        libtorch.openmp ?? "-fopenmp",
      ];
  return [
    ...shared,
    ...libtorch.lib.map((folder) => `-L${folder}`),
    ...["-ltorch", "-ltorch_cpu", "-lc10", ...cuda],
    ...runPath(libtorch, blas).map((folder) => `-Wl,-rpath,${folder}`),
  ];
}

/** Names the very library file that a build was linked to, so that an upgrade of it is noticed. */
export function identify({ lib }) {
  const file = join(lib[0], `libtorch_cpu.${mac ? "dylib" : "so"}`);
  if (!existsSync(file)) return null;
  const real = realpathSync(file);
  const { size, mtimeMs } = statSync(real);
  return `${real} ${size} ${mtimeMs}`;
}

/** Runs `task` over `items`, at most `limit` at a time; the first failure is thrown after the rest end. */
async function inParallel(items, limit, task) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}

/** Throws one line where the system lacks what building needs. */
function checkSystem() {
  const missing = missingPackages({ blas: false });
  if (missing.length === 0) return;
  throw new Error(
    existsSync("/etc/debian_version")
      ? `the engine cannot be built without ${missing.join(", ")}: run as root: ${aptCommand(missing)}`
      : "the engine needs a C++ compiler and libtorch: install a compiler, unpack libtorch or pip install torch, and set LIBTORCH to its folder",
  );
}

/** The .cc files of a folder, each with the name of its object: a hash of whatever the object depends on. */
function unitsOf(source, objects, { compiler, libtorch, flags }) {
  const names = readdirSync(source).sort();
  const sources = names.filter((name) => name.endsWith(".cc"));
  if (sources.length === 0) throw new Error(`no .cc file in ${source}: nothing to build.`);
  const read = (name) => readFileSync(join(source, name), "utf8");
  const headers = names
    .filter((name) => /\.(h|hpp|inc)$/.test(name))
    .flatMap((name) => [name, read(name)]);
  const node = nodeHeaders().version;
  // No folder of ours is in it, nor in an object: a build can be copied with its objects.
  const base = hash(compiler.version, libtorch.version ?? "", node, ...flags, ...headers);
  return sources.map((name) => ({
    name,
    object: join(objects, `${basename(name, ".cc")}-${hash(base, read(name))}.o`),
  }));
}

/** Compiles the units without an object, and removes the objects of no unit. Returns the number of compiled units. */
async function compileUnits(units, { source, objects, compiler, flags, jobs, log, warn }) {
  const stale = units.filter((unit) => !existsSync(unit.object));
  const { include } = nodeHeaders();
  const began = performance.now();
  let done = 0;
  await inParallel(stale, jobs, async ({ name, object }) => {
    const words = [...flags, "-isystem", include, "-c", name];
    await produce(compiler, words, object, { cwd: source, warn });
    done += 1;
    // The first files that end say little of the rest.
    const seconds = (((performance.now() - began) / 1000) * (stale.length - done)) / done;
    const left =
      done < Math.min(jobs + 1, stale.length) ? "" : `, about ${Math.ceil(seconds)} s left`;
    log(`compiled ${name} (${done} of ${stale.length}${left})`);
  });
  const current = new Set(units.map((unit) => basename(unit.object)));
  for (const name of readdirSync(objects)) {
    if (name.endsWith(".o") && !current.has(name)) rmSync(join(objects, name), { force: true });
  }
  return stale.length;
}

/**
 * Compiles every .cc of `source` and links `<out>/dsbm_torch.node`; does only what changed.
 * Returns { compiled, linked, file }. Throws the compiler's own output.
 */
export async function buildNative({
  /** Folder of the .cc and .h files. */
  source = join(home, "native"),
  /** Folder of the addon, of libtorch.json and of the cached objects. */
  out = join(home, "build"),
  /** Further flags of the compiler and of the linker, such as sanitizers. */
  extra = [],
  jobs = Math.max(2, availableParallelism()),
  /** Folder of addons that projects share; null: none. */
  cache = cacheFolder(),
  /** Builds again what failed before. */
  isForced = false,
  log = () => {},
  /** Gets what the compiler says about a file that it did compile. */
  warn = () => {},
} = {}) {
  checkSystem();
  const compiler = findCompiler();
  const libtorch = findLibtorch();
  const blas = findBlas();
  const objects = join(out, "obj");
  mkdirSync(objects, { recursive: true });
  const flags = [...compileFlags(libtorch, compiler), ...extra];
  const units = unitsOf(source, objects, { compiler, libtorch, flags });
  const links = [...linkFlags(libtorch, blas), ...extra];

  const file = join(out, `${NAME}.node`);
  const stamp = join(out, `${NAME}.stamp`);
  // Names of objects are hashes of version, compiler, flags and sources.
  const state = hash(
    process.arch,
    compiler.version,
    identify(libtorch) ?? "",
    ...units.map((unit) => basename(unit.object)),
    ...links,
  );
  const isCurrent = existsSync(file) && existsSync(stamp) && readFileSync(stamp, "utf8") === state;
  const record = () => {
    writeAtomic(stamp, state);
    const facts = { ...libtorch, blas, compiler, linkedTo: identify(libtorch) };
    writeAtomic(join(out, "libtorch.json"), `${JSON.stringify(facts, null, 2)}\n`);
  };
  if (!isCurrent && takeCached(state, file, cache)) {
    record();
    log(`copied from ${cache}`);
    return { compiled: 0, linked: false, file };
  }
  const failures = { file: join(out, `${NAME}.failed`), state, isForced };
  const compiled = await rememberFailure(failures, async () => {
    const count = await compileUnits(units, { source, objects, compiler, flags, jobs, log, warn });
    if (isCurrent) return count;
    const words = [...units.map((unit) => unit.object), ...links];
    await produce(compiler, words, file, { cwd: out, warn });
    log(`linked ${basename(file)} against libtorch ${libtorch.version} (${libtorch.kind})`);
    return count;
  });
  record();
  if (!isCurrent) putCached(state, file, cache);
  return { compiled, linked: !isCurrent, file };
}

// As a program: builds, tells on stderr how far it is, and on stdout why it failed.
if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const log = (line) => console.error(`dsbm: engine: ${line}`);
  const out = join(home, "build");
  try {
    checkSystem();
    log(
      "preparing it for this machine's libtorch, once; compiling takes two to five minutes of two cores …",
    );
    await withLock(() => buildNative({ log }), { folder: out, log });
  } catch (error) {
    const cannot = ["EACCES", "EROFS", "EPERM"].includes(error.code);
    const cure = `${out} cannot be written: run "npx dsbm doctor" once as the user who installed dsbm`;
    const [line, ...output] = cannot ? [cure] : error.message.split("\n");
    if (output.length > 0) console.error(output.join("\n").trimEnd());
    console.log(line);
    process.exitCode = 1;
  }
}
