// Our side of the benchmark: the same work as pytorch_side.py through this library's public face.
// Speaks JSON, one object a line, over stdin and stdout; bench.mjs drives both sides.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { ddpHalfIteration, ddpSteps, exchange } from "./ours_ddp.mjs";
import { exactTransport, sinkhornTransport } from "./ours_ot.mjs";
import { truth } from "./ours_truth.mjs";

// The same numbers as in pytorch_side.py.
const PAIRS = 10_000;
const BATCH = 128;
const STEPS = 20;
const SIGMA = 1;
const EPS = 1e-3;
const RATE = 1e-4;

// The engine is loaded by `setup`, so that a library that is missing is an answer and not a crash.
let torch;
let bridge;

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
      [`sinkhorn_${n}`, () => sinkhornTransport({ torch, bridge }, n)],
      [`exact_ot_${n}`, () => exactTransport({ torch, bridge }, n)],
    ]),
  ),
  ...Object.fromEntries(
    [5, 20, 50].map((dim) => [
      `truth_d${dim}`,
      (threads) => truth({ torch, bridge }, problem(dim, 256, { threads }), dim),
    ]),
  ),
  ddp_unet: (threads, { reps, batch = IMAGES }) =>
    ddpSteps(
      { torch, bridge },
      imageProblem({ rows: 10 * batch, batchSize: batch, execution: { threads } }),
      reps,
    ),
  ddp_mlp: (threads) =>
    ddpHalfIteration({ torch, bridge }, secondHalf(50, 256, { threads, steps: 1000 })),
  ddp_mlp_step: (threads, { reps, batch = BATCH }) =>
    ddpSteps(
      { torch, bridge },
      problem(50, 256, {
        threads,
        batchSize: batch,
        schedule: { halfIterations: 1, sequence: ["b"] },
      }),
      reps,
    ),
  exchange: () => exchange({ torch }),
};

// As in pytorch_unet.py.
const IMAGES = 32;
const IMAGE = 28;
const SAMPLER_STEPS = 30;
const GAMMA = 0.034;

/** The device of both sides. */
const device = process.env.BENCH_DEVICE ?? "cpu";
const there = (x) => (device === "cpu" ? x : x.to({ device }));

/**
 * The image trainer's problem on random images: UNET at 28×28, DSBM with loss_scale, clipping and
 * EMA.
 */
function imageProblem({ rows = IMAGES, batchSize = IMAGES, execution = {} } = {}) {
  const picture = () => there(torch.rand([rows, 1, IMAGE, IMAGE]).mul(2).sub(1));
  const sigma = Math.sqrt(GAMMA * SAMPLER_STEPS);
  return {
    data: { x0: picture(), x1: picture() },
    process: bridge.brownian({ sigma }),
    method: {
      method: bridge.dsbm,
      network: () => there(new bridge.UNet({ image_size: IMAGE, in_channels: 1 })),
      firstCoupling: "ind",
      parametrisation: { meanMatch: false, stdTrick: false, lossScale: true },
    },
    schedule: {
      grid: bridge.gammaGrid(
        bridge.gammaSchedule(SAMPLER_STEPS, { gamma_min: GAMMA, gamma_max: GAMMA }),
      ),
      halfIterations: 1,
      steps: 1,
      eps: 1e-4,
    },
    optimisation: { batchSize, reduction: "mean", gradClip: 1, emaRate: 0.999, lr: RATE },
    execution,
    seed: 0,
  };
}

/** Does the work so often, each time in a scope. */
const repeated = (work) => (reps) => {
  for (let i = 0; i < reps; i += 1) torch.tidy(work);
};

/** A training step forward as a function of rows: bridge, loss, clipping, Adam, an average of this rate, NaN check. */
function stepOf(problem, rate = null) {
  const network = problem.method.network("f");
  const step = bridge.trainingStep({
    ...{ problem, network, direction: "f" },
    optimizer: new torch.optim.Adam(network.parameters(), { lr: RATE }),
    ema: rate && new torch.optim.EMA(network, rate),
    generator: bridge.stream(0, "train", device),
  });
  return (rows) => {
    const [loss] = step(rows);
    if (!Number.isFinite(loss.item())) throw new Error("the loss is NaN");
  };
}

/** A simulation from one end by a fresh network. */
function simulation({ data, process, method: options }, direction, { grid, lastNoise, ...how }) {
  const { method, network } = options;
  const net = network(direction).eval();
  const sampler = new bridge.Sampler({
    ...{ method, process, grid, networks: { b: net, f: net }, ...how },
  });
  const generator = bridge.stream(0, "simulate", device);
  const start = direction === "f" ? data.x0 : data.x1;
  return repeated(() =>
    settled(sampler.simulate(direction, start, { grid, generator, lastNoise })),
  );
}

/** A training step of the image trainer. */
function unetStep(dtype = "float32") {
  const full = bridge.complete(imageProblem({ execution: { dtype } }));
  const step = stepOf(full, full.optimisation.emaRate);
  return { run: repeated(() => step({ x0: full.data.x0, x1: full.data.x1 })), warm: 1 };
}

/** One evaluation of the network, as a sampler makes it: recorded. */
function unetForward(dtype = null) {
  const network = imageProblem().method.network("f").eval();
  const forward = torch.recorded((x, t) =>
    torch.autocast(dtype, () => network.forward(x, t)).to(x.dtype),
  );
  const x = there(torch.randn([IMAGES, 1, IMAGE, IMAGE]));
  const t = there(torch.rand([IMAGES]));
  const run = repeated(() => settled(forward(x, t)[0]));
  return { run: (reps) => torch.noGrad(() => run(reps)), warm: 1 };
}

const convolution = (c) => new torch.nn.Conv2d(c, c, 3, { padding: 1 });
const normSilu = (groups) => (c) => {
  const norm = new torch.nn.GroupNorm(groups, c);
  return Object.assign(norm, { forward: norm.silu });
};

/** A layer of so many channels and its gradients, recorded. */
function layerPass(make, channels = 64) {
  const layer = there(make(channels));
  const x = there(torch.randn([IMAGES, channels, IMAGE, IMAGE])).to({
    memoryFormat: "channelsLast",
  });
  x.requiresGrad_();
  const pass = torch.recorded(() => {
    const y = layer.forward(x);
    return [y, ...torch.grad([y.sum()], [x, ...layer.parameters()])];
  });
  return { run: repeated(() => settled(pass()[0])), warm: 2 };
}

/** IMAGES through SAMPLER_STEPS Euler–Maruyama steps, the last one without noise. */
function unetSimulation(threads, dtype = null) {
  const problem = imageProblem();
  const { grid } = problem.schedule;
  const how = { grid, threads, chunkRows: 8, dtype, lastNoise: false };
  return { run: simulation(problem, "f", how), warm: 1 };
}

/** Waits for another device: reads a number. */
function settled(x) {
  if (device !== "cpu") x.flatten().narrow(0, 0, 1).item();
}

/** A chain of 1,000 additions on 8 floats, not recorded, without gradients; every intermediate is freed. */
function opOverhead() {
  const one = torch.ones([8]);
  const chain = () => {
    let x = torch.zeros([8]);
    for (let i = 0; i < 1000; i += 1) x = x.add(one);
  };
  const run = repeated(chain);
  return { run: (reps) => torch.noGrad(() => run(reps)), warm: 20 };
}

/** The Gaussian benchmark as a problem: N(−0.1, I) and N(0.1, I), trained as pytorch_side.py does. */
function problem(
  dim,
  width,
  {
    threads = 1,
    schedule,
    batchSize = BATCH,
    stepVariance = "process",
    cacheSteps = STEPS,
    ...execution
  } = {},
) {
  const ends = bridge.gaussianEndpoints({
    ...{ n: PAIRS, dim, a: 0.1, generator: bridge.stream(0, "data") },
  });
  return {
    data: { x0: there(ends.x0), x1: there(ends.x1) },
    process: bridge.brownian({ sigma: SIGMA }),
    method: {
      method: bridge.methods.dsbm,
      network: (direction) =>
        there(
          new bridge.ScoreNetwork(dim, {
            hidden: [width, width],
            generator: bridge.stream(0, `network/${direction}`),
          }),
        ),
      firstCoupling: "ind",
      stepVariance,
    },
    schedule: {
      ...{ grid: bridge.uniformGrid(STEPS), cacheGrid: bridge.uniformGrid(cacheSteps) },
      ...{ eps: EPS, ...schedule },
    },
    optimisation: { batchSize, lr: RATE },
    // As the command line does: measured once, at most `threads`.
    execution: { threads: "auto", simulateThreads: threads, logEvery: 100, ...execution },
    seed: 0,
  };
}

/** Floating-point operations of the products of one row through the network of `problem`. */
const flopOf = (dim, width) => 2 * (2 * dim * width + width * width);

/** One training step: batch by shuffled index, t, z, bridge, loss, backward, Adam, NaN check. */
function mlpStep(dim, width, { dtype = "float32", batch = BATCH } = {}) {
  const schedule = { halfIterations: 1, steps: 1 };
  const one = bridge.complete(problem(dim, width, { schedule, batchSize: batch }));
  const full = bridge.withExecution(one, { dtype });
  const step = stepOf(full);
  const shuffle = bridge.stream(0, "shuffle", device);
  const run = (reps) => {
    for (let done = 0; done < reps; ) {
      done += torch.tidy(() => {
        const order = torch.randperm(PAIRS, { generator: shuffle, device });
        const rows = {
          x0: full.data.x0.indexSelect(0, order),
          x1: full.data.x1.indexSelect(0, order),
        };
        const batches = Math.min(Math.floor(PAIRS / batch), reps - done);
        for (let k = 0; k < batches; k += 1)
          torch.tidy(() => step(bridge.cutRows(rows, { start: k * batch, count: batch })));
        return batches;
      });
    }
  };
  // Forward, and back to weights and to inputs, except inputs of the first layer.
  return { run, warm: 100, flop: batch * (3 * flopOf(dim, width) - 2 * dim * width) };
}

/** A step of Adam and of the average of 91,000 weights, recorded. */
function adamStep() {
  const network = there(new bridge.ScoreNetwork(50));
  const optimizer = new torch.optim.Adam(network.parameters(), { lr: RATE });
  const ema = new torch.optim.EMA(network, 0.999);
  for (const p of network.parameters()) p.grad = torch.tidy(() => p.detach().clone().keep());
  const step = torch.recorded(() => {
    optimizer.step(ema);
    return [];
  });
  const run = (reps) => {
    repeated(step)(reps);
    settled(network.parameters()[0].detach());
  };
  return { run, warm: 100 };
}

/** PAIRS × STEPS Euler–Maruyama steps backward from N(0.1, I) in 50 dimensions, width 256. */
function simulateMlp(threads, { dtype = null, steps = STEPS } = {}) {
  const how = { grid: bridge.uniformGrid(steps), threads, dtype };
  const run = simulation(problem(50, 256), "b", how);
  return { run, warm: 1, flop: PAIRS * steps * flopOf(50, 256) };
}

/** How a half-iteration simulates its pairs. */
const BF16 = { simulateDtype: "bfloat16" };
const FEW = { cacheSteps: 4, stepVariance: "analytic" };

/** A half-iteration is trained second: the newest network is then the forward one, fresh, as on the other side. */
function secondHalf(dim, width, { steps, ...options }) {
  return problem(dim, width, {
    ...options,
    schedule: { sequence: ["f", "b"], halfIterations: 2, steps },
    logEvery: 1000,
  });
}

/** 1,000 steps of the backward net; the forward net simulates new pairs at every epoch. */
function halfIteration(dim, width, threads, options = {}) {
  const make = (steps) =>
    new bridge.Training(secondHalf(dim, width, { threads, ...options, steps }));
  const second = async (training) => {
    training.state.half = 1;
    for await (const _ of training.run());
  };
  const training = make(1000);
  const run = async (reps) => {
    for (let i = 0; i < reps; i += 1) await second(training);
  };
  return { run: async (reps) => (reps > 0 ? run(reps) : second(make(20))), warm: 0 };
}

/** Resident memory now and at its highest, in MB, of this whole process. */
function memory() {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024;
  return { rss_mb: field("VmRSS"), peak_mb: field("VmHWM") };
}

async function setup({ bench, threads, ...rest }) {
  const build = BENCHES[bench];
  if (!build) throw new Error(`no benchmark "${bench}"`);
  torch = await import("@dsbm/torch");
  // What the row's work needs: `dsbm/train` loads what saves runs, too.
  const needed = bench === "op_overhead" ? [] : ["bridge", "nets", "data", "train"];
  const packages = needed.map((name) => import(`@dsbm/${name}`));
  bridge = Object.assign({}, ...(await Promise.all(packages)));
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
