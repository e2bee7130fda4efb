// Our side of the benchmark: the same work as pytorch_side.py through this library's public face.
// Speaks JSON, one object a line, over stdin and stdout; bench.mjs drives both sides.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { bridge, loadEngine, torch } from "./engine.mjs";
import { ddpHalfIteration, ddpSteps, exchange } from "./ours_ddp.mjs";
import {
  convolution,
  IMAGES,
  imageProblem,
  layerPass,
  normSilu,
  unetForward,
  unetSimulation,
  unetStep,
} from "./ours_images.mjs";
import { exactTransport, sinkhornTransport } from "./ours_ot.mjs";
import { truth } from "./ours_truth.mjs";
import {
  adamStep,
  BATCH,
  BF16,
  FEW,
  halfIteration,
  mlpStep,
  opOverhead,
  problem,
  secondHalf,
  simulateMlp,
} from "./ours_vectors.mjs";

const engine = () => ({ torch, bridge });

// Each builds its state once and returns { run(reps), warm }: `run` does the work `reps` times in one
// go, `warm` is how many repetitions make the process warm.
const BENCHES = {
  op_overhead: opOverhead,
  mlp_step_d5: () => mlpStep(5, 128),
  mlp_step_d50: () => mlpStep(50, 256),
  mlp_step_d5_bf16: () => mlpStep(5, 128, { dtype: "bfloat16" }),
  mlp_step_d50_bf16: () => mlpStep(50, 256, { dtype: "bfloat16" }),
  adam_step: () => adamStep(),
  simulate_mlp: (threads) => simulateMlp(threads),
  simulate_mlp_bf16: (threads) => simulateMlp(threads, { dtype: "bfloat16" }),
  // Of any size, for growth.mjs.
  mlp_step: (_threads, { dim = 50, width = 256, batch }) => mlpStep(dim, width, { batch }),
  simulate: (threads, { steps }) => simulateMlp(threads, { steps }),
  half_iteration_d5: (threads) => halfIteration(5, 128, threads),
  half_iteration_d50: (threads) => halfIteration(50, 256, threads),
  half_iteration_d5_bf16: (threads) => halfIteration(5, 128, threads, BF16),
  half_iteration_d50_bf16: (threads) => halfIteration(50, 256, threads, BF16),
  half_iteration_d5_few: (threads) => halfIteration(5, 128, threads, FEW),
  half_iteration_d50_few: (threads) => halfIteration(50, 256, threads, FEW),
  unet_step: () => unetStep(),
  unet_forward: () => unetForward(),
  unet_simulation: (threads) => unetSimulation(threads),
  unet_step_bf16: () => unetStep("bfloat16"),
  unet_forward_bf16: () => unetForward("bfloat16"),
  unet_simulation_bf16: (threads) => unetSimulation(threads, "bfloat16"),
  conv3x3: () => layerPass(convolution),
  norm_silu: () => layerPass(normSilu(32)),
  conv3x3_few: () => layerPass(convolution, 16),
  norm_silu_few: () => layerPass(normSilu(8), 8),
  ...Object.fromEntries(
    [128, 1024, 4096].flatMap((n) => [
      [`sinkhorn_${n}`, () => sinkhornTransport(engine(), n)],
      [`exact_ot_${n}`, () => exactTransport(engine(), n)],
    ]),
  ),
  ...Object.fromEntries(
    [5, 20, 50].map((dim) => [
      `truth_d${dim}`,
      (threads) => truth(engine(), problem(dim, 256, { threads }), dim),
    ]),
  ),
  ddp_unet: (threads, { reps, batch = IMAGES }) =>
    ddpSteps(
      engine(),
      imageProblem({ rows: 10 * batch, batchSize: batch, execution: { threads } }),
      reps,
    ),
  ddp_mlp: (threads) => ddpHalfIteration(engine(), secondHalf(50, 256, { threads, steps: 1000 })),
  ddp_mlp_step: (threads, { reps, batch = BATCH }) =>
    ddpSteps(
      engine(),
      problem(50, 256, {
        threads,
        batchSize: batch,
        schedule: { halfIterations: 1, sequence: ["b"] },
      }),
      reps,
    ),
  exchange: () => exchange(engine()),
};

/** Resident memory now and at its highest, in MB, of this whole process. */
function memory() {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024;
  return { rss_mb: field("VmRSS"), peak_mb: field("VmHWM") };
}

async function setup({ bench, threads, ...rest }) {
  const build = BENCHES[bench];
  if (!build) throw new Error(`no benchmark "${bench}"`);
  // `@dsbm/train` also loads what saves runs, which a row of single operations does not need.
  await loadEngine(bench !== "op_overhead");
  torch.setNumThreads(threads);
  const built = await build(threads, rest);
  await built.run(built.warm);
  return built;
}

let bench = null;

/** Floating point operations a second of matrix products [1024, 1024]. */
function productRate() {
  const [a, b] = [torch.randn([1024, 1024]), torch.randn([1024, 1024])];
  const times = Array.from({ length: 6 }, () => {
    const start = performance.now();
    torch.tidy(() => void a.mm(b));
    return (performance.now() - start) / 1000;
  });
  return (2 * 1024 ** 3) / Math.min(...times);
}

async function answer(request) {
  if (request.cmd === "setup") {
    bench = await setup(request);
    return { ok: true, flop: bench.flop ?? null };
  }
  if (request.cmd === "rate") return { rate: productRate() };
  if (request.cmd === "memory") return memory();
  const start = performance.now();
  // Several ranks time the part that is theirs.
  const own = await bench.run(request.reps);
  return { seconds: (performance.now() - start) / 1000, ...own, ...memory() };
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
