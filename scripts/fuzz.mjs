// Throws hostile calls at the engine: every outcome must be a value or a JavaScript error, never an
// abort, a crash or a hang, and memory stays flat. `npm run fuzz -- --calls 1000000 --seed 7`; a
// crash prints the call that did it. Tensors and programs of earlier calls of the same process are
// used again: `--start` its first call to reproduce a crash. With DSBM_ENGINE=portable the calls go
// to the portable engine. `--files 50000` reads damaged tables and TorchScript files instead (files.mjs).
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const script = (name) => join(root, "scripts/fuzz", name);

/** The allow-list's names, as the dispatcher knows them. */
function allowedNames() {
  const lines = readFileSync(join(root, "packages/engine/torch/ops.allow"), "utf8").split("\n");
  return lines
    .filter((l) => l && !l.startsWith("#"))
    .map((l) => `aten::${l.replace(/^[!.]/, "").split(/\s/)[0]}`)
    .filter((name, i, all) => all.indexOf(name) === i);
}

/** Runs calls `from` to `to` in one process; `death` says how it ended if it failed. */
function batch(job, { child, timeout }) {
  rmSync(job.log, { force: true }); // what an earlier process left there is no call of this one
  return new Promise((done) => {
    const process_ = spawn(
      process.execPath,
      ["--max-old-space-size=1024", child, JSON.stringify(job)],
      {
        stdio: ["ignore", "pipe", job.trace ? "inherit" : "pipe"],
      },
    );
    let out = "";
    let said = "";
    let last = "";
    let quiet = 0;
    let stuck = false;
    process_.stdout.on("data", (text) => {
      out += text;
    });
    process_.stderr?.on("data", (text) => {
      said = (said + text).slice(0, 6000);
    });
    const lastCall = () => {
      try {
        return readFileSync(job.log, "utf8").trim();
      } catch (error) {
        return `(no call yet: ${error.message})`;
      }
    };
    const watch = setInterval(() => {
      const now = lastCall();
      // A process needs longer for its start than for a call.
      quiet = now === last ? quiet + 1 : 0;
      if (quiet > 0 && (quiet >= 10 || Number.isInteger(Number.parseInt(now, 10)))) {
        stuck = true;
        process_.kill("SIGKILL");
      }
      last = now;
    }, timeout * 1000);
    process_.on("close", (code, signal) => {
      clearInterval(watch);
      // LAPACK complains on stdout too: the result is the line that is JSON.
      const result = out.split("\n").findLast((line) => line.startsWith("{"));
      if (code === 0 && result) return done({ result: JSON.parse(result), said: said.trim() });
      const how = stuck ? `hung for ${timeout} s` : `ended with ${signal ?? `code ${code}`}`;
      done({ death: how, last: lastCall(), said: said.trim() });
    });
  });
}

/**
 * Makes `calls` calls from `seed` in child processes, `jobs` at a time. Returns the counts and the
 * deaths, each with the call that did it; after a death the run continues behind it.
 */
export async function fuzz({
  calls,
  seed,
  start = 0,
  jobs = 1,
  /** Calls a process. */
  size = 10_000,
  /** Seconds without a new call after which a process counts as hung. */
  timeout = 60,
  names = allowedNames(),
  engine = join(root, "packages/engine/torch/dist/index.js"),
  child = script("child.mjs"),
  trace = false,
  log = () => {},
}) {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-fuzz-"));
  const total = { calls: 0, values: 0, errors: 0, strangers: 0, grown: 0, deaths: [] };
  const queue = [];
  for (let i = start; i < start + calls; i += size)
    queue.push([i, Math.min(i + size, start + calls)]);
  const work = async (worker) => {
    for (let range = queue.shift(); range; range = queue.shift()) {
      const [from, to] = range;
      const job = {
        ...{ engine, seed, from, to, names, trace, log: join(folder, `last-${worker}`) },
        // Every fourth process makes its calls in a worker thread.
        worker: Math.floor(from / size) % 4 === 3,
      };
      const { result, death, last, said } = await batch(job, { child, timeout });
      if (result) {
        total.calls += to - from;
        for (const key of ["values", "errors", "strangers"]) total[key] += result[key];
        if (result.strangers > 0) log(said);
        total.grown = Math.max(total.grown, result.grown);
        log(
          `${from}–${to}: ${result.values} values, ${result.errors} errors, ${Math.round(result.rss / 2 ** 20)} MB`,
        );
        continue;
      }
      const at = Number.parseInt(last, 10);
      total.deaths.push({ death, last, said });
      log(`${death}: ${last}\n${said}`);
      if (!Number.isInteger(at) || total.deaths.length >= 100) return;
      total.calls += at - from;
      if (at + 1 < to) queue.unshift([at + 1, to]);
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, i) => work(i)));
  rmSync(folder, { recursive: true });
  return total;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : process.argv[at + 1];
  };
  const seed = Number(option("seed", "1"));
  const engine = option("engine");
  const names = option("names")?.split(",");
  const one = option("only");
  const files = option("files");
  if (files) {
    const found = await fuzz({
      calls: Number(files),
      start: Number(option("start", "0")),
      seed,
      jobs: Number(option("jobs", "1")),
      size: Number(option("size", "1000")),
      timeout: Number(option("timeout", "20")),
      child: script("files.mjs"),
      names: [],
      log: (line) => console.error(line),
    });
    const { refusedByProduct } = await import("./fuzz/files.mjs");
    const findings = [];
    for (const { death, last, said } of found.deaths)
      if (!(await refusedByProduct(seed, Number.parseInt(last, 10))))
        findings.push(`${death}: ${last}\n${said}`);
    const late = found.deaths.length - findings.length;
    console.log(
      `seed ${seed}: ${found.calls + found.deaths.length} damaged files, ${found.values} read, ${found.errors} refused, ${late} refused by the time or the memory of their thread; ${findings.length + found.strangers} findings`,
    );
    for (const line of findings) console.log(line);
    process.exit(findings.length + found.strangers > 0 ? 1 : 0);
  }
  const total = await fuzz({
    calls: one ? 1 : Number(option("calls", "100000")),
    start: Number(one ?? option("start", "0")),
    seed,
    jobs: Number(option("jobs", "1")),
    size: Number(option("size", "10000")),
    timeout: Number(option("timeout", "60")),
    trace: Boolean(one),
    ...(engine ? { engine: resolve(engine) } : {}),
    ...(names ? { names } : {}),
    log: (line) => console.error(line),
  });
  console.log(
    `seed ${seed}: ${total.calls} calls, ${total.values} gave values, ${total.errors} gave errors, ` +
      `${total.strangers} threw something else, ${total.deaths.length} deaths; ` +
      `a process grew by at most ${Math.round(total.grown / 2 ** 20)} MB after its first quarter`,
  );
  for (const { death, last } of total.deaths) console.log(`${death}: ${last}`);
  process.exitCode = total.deaths.length || total.strangers ? 1 : 0;
}
