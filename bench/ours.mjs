// Our side of the benchmark: the same work as pytorch_side.py through this library's public face.
// Speaks JSON, one object a line, over stdin and stdout; bench.mjs drives it.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

// The same numbers as in pytorch_side.py.
export const PAIRS = 10_000;
export const BATCH = 128;
export const STEPS = 20;
export const SIGMA = 1;
export const EPS = 1e-3;
export const RATE = 1e-4;

/** Placeholder of a benchmark that the engine cannot run yet. */
const missing = (name) => () => {
  throw new Error(`${name} is not written for this library yet (bench/ours.mjs)`);
};

// Each builds its state once and returns { run(reps), warm }: `run` does the work `reps` times in one
// go, `warm` is how many repetitions make the process warm. Load the engine inside, not above.
const BENCHES = {
  /** A chain of 1,000 additions on 8 floats, without gradients; every intermediate is freed. */
  op_overhead: missing("op_overhead"),
  /** One training step: batch by shuffled index, t, z, bridge, loss, backward, Adam, NaN check. */
  mlp_step_d5: () => mlpStep(5, 128),
  mlp_step_d50: () => mlpStep(50, 256),
  /** PAIRS × STEPS Euler–Maruyama steps backward from N(0.1, I) in 50 dimensions, width 256. */
  simulate_mlp: missing("simulate_mlp"),
  /** 1,000 steps of the backward net; the forward net simulates the pairs anew at every epoch. */
  half_iteration_d5: () => halfIteration(5, 128),
  half_iteration_d50: () => halfIteration(50, 256),
};

function mlpStep(dim, width) {
  return missing(`mlp_step (dim ${dim}, width ${width})`)();
}

function halfIteration(dim, width) {
  return missing(`half_iteration (dim ${dim}, width ${width})`)();
}

/** Resident memory now and at its highest, in MB, of this whole process. */
function memory() {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024;
  return { rss_mb: field("VmRSS"), peak_mb: field("VmHWM") };
}

let bench = null;

async function answer(request) {
  if (request.cmd === "setup") {
    const build = BENCHES[request.bench];
    if (!build) throw new Error(`no benchmark "${request.bench}"`);
    bench = await build(request.threads);
    await bench.run(bench.warm);
    return { ok: true };
  }
  const start = performance.now();
  await bench.run(request.reps);
  return { seconds: (performance.now() - start) / 1000, ...memory() };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: error.message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
