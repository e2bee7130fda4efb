// `npm run check:sanitize`: builds the engine with AddressSanitizer and UndefinedBehaviorSanitizer into a folder of its own, then
// makes hostile calls and runs the engine's tests on it. `-- --calls 40000 --seed 7 --only fuzz,tests`. It needs g++ or clang.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { buildNative } from "../packages/engine/torch/addon/build.mjs";
import { findCompiler } from "../packages/engine/torch/addon/compiler.mjs";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

const sanitizedBuild = join(repo, "packages/engine/torch/build/sanitize");
/** Objects of libtorch are not instrumented, so that their classes cannot be compared (vptr). */
const flags =
  "-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -g1 -O1 -U_FORTIFY_SOURCE".split(
    " ",
  );

/** Reports of libraries that we do not build: a pattern a line, of libtorch's and OpenMPI's files alone. */
const foreign = {
  "undefined.supp": ["libtorch", "libtorch_cpu", "libc10", "libmpi", "libopen-pal"].map(
    (library) => `undefined:${library}.so`,
  ),
};

/** The tests of the engine that a sanitizer can watch; the others measure memory or load another addon. */
const unfit = {
  "load.test.ts": "it loads addons that are built another way",
  "net.test.ts": "it measures resident memory, of which the sanitizer keeps much",
  "memory-safety.test.ts": "it fills the machine's memory",
  "fuzz.test.ts": "the calls are made before",
};

function environment() {
  const [compiler, ...args] = [findCompiler().name, ...findCompiler().args];
  const preload = ["libasan.so", "libubsan.so"].map((library) =>
    execFileSync(compiler, [...args, `-print-file-name=${library}`], { encoding: "utf8" }).trim(),
  );
  for (const [name, lines] of Object.entries(foreign))
    writeFileSync(join(sanitizedBuild, name), `${lines.join("\n")}\n`);
  // V8 and libtorch keep what they have until the process ends; a vast request is an error to report to JavaScript.
  const address =
    "detect_leaks=0:allocator_may_return_null=1:abort_on_error=1:detect_odr_violation=0";
  const undefined_ = `halt_on_error=1:print_stacktrace=1:suppressions=${join(sanitizedBuild, "undefined.supp")}`;
  return {
    ...process.env,
    LD_PRELOAD: preload.join(":"),
    ASAN_OPTIONS: address,
    UBSAN_OPTIONS: undefined_,
    DSBM_TORCH_ADDON: join(sanitizedBuild, "dsbm_torch.node"),
    OMP_NUM_THREADS: "1",
  };
}

/** Runs a script of Node on the user's terminal. Returns whether it passed. */
function run(args, env) {
  const { status } = spawnSync(process.execPath, args, { cwd: repo, env, stdio: "inherit" });
  return status === 0;
}

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "40000" },
    seed: { type: "string", default: "7" },
    only: { type: "string", default: "fuzz,tests" },
  },
});
const chosenParts = values.only.split(",");
await setup();
await buildNative({
  out: sanitizedBuild,
  extra: flags,
  cache: null,
  log: (line) => console.error(line),
});
const env = environment();
const results = [];
if (chosenParts.includes("fuzz"))
  results.push([
    `${values.calls} hostile calls`,
    run(
      ["scripts/fuzz.mjs", "--calls", values.calls, "--seed", values.seed, "--timeout", "300"],
      env,
    ),
  ]);
if (chosenParts.includes("tests")) {
  const tests = "packages/engine/torch/test";
  const files = readdirSync(join(repo, tests), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !(name in unfit))
    .map((name) => `${tests}/${name}`);
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--maxWorkers=2", ...files];
  results.push([`tests of the engine (${files.length} files)`, run(vitest, env)]);
}
for (const [name, isGood] of results) console.log(`${isGood ? "ok      " : "failed  "}${name}`);
process.exitCode = results.every(([, isGood]) => isGood) ? 0 : 1;
