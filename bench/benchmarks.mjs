// What is measured: names, units and how often. Both sides build a benchmark from its name alone.

/** The same work with networks in bfloat16, against PyTorch's autocast. */
const bf16 = (bench, change) => ({
  ...bench,
  hasPortable: false,
  name: `${bench.name}_bf16`,
  ...change,
});

const ms = { unit: "ms", scale: 1e3, rounds: 2 };
const step = { unit: "ms/step", scale: 1e3, rounds: 3 };
const seconds = { unit: "s", scale: 1, reps: 1, rounds: 2 };

const MLP = [
  { name: "mlp_step_d5", ...step, reps: 400, seconds: 23, hasPortable: true },
  { name: "mlp_step_d50", ...step, reps: 200, seconds: 25 },
  { name: "simulate_mlp", ...seconds, seconds: 24, hasPortable: true },
];

const HALF = [
  { name: "half_iteration_d5", ...seconds, seconds: 20 },
  { name: "half_iteration_d50", ...seconds, seconds: 40 },
];

// MNIST size, 6.6 million parameters, batch 32
const UNET = [
  { name: "unet_step", ...step, reps: 1, rounds: 2, seconds: 40 },
  { name: "unet_forward", ...ms, reps: 2, seconds: 30 },
  // 32 images through 30 steps: one repetition is 32 images
  { name: "unet_simulation", unit: "ms/image", scale: 1e3 / 32, reps: 1, rounds: 2, seconds: 60 },
];

// Of a half-iteration only the simulations are in bfloat16.
const BF16 = [
  ...MLP.map((bench) => bf16(bench, { rounds: 2, seconds: Math.ceil(0.8 * bench.seconds) })),
  ...HALF.map((bench) => bf16(bench, { rounds: 1, seconds: bench.seconds })),
  bf16(UNET[0], { seconds: 55 }),
  bf16(UNET[1], { seconds: 35 }),
  bf16(UNET[2], { rounds: 1, seconds: 45 }),
];

// Our own kernels for images, forward and backward: 32 images of 64 channels, 28×28
const KERNELS = [
  { name: "conv3x3", ...ms, reps: 4, seconds: 15 },
  { name: "norm_silu", ...ms, reps: 40, seconds: 15 },
  { name: "conv3x3_few", ...ms, reps: 10, seconds: 12 },
  { name: "norm_silu_few", ...ms, reps: 40, seconds: 12 },
];

/** n equally weighted points of each of two Gaussians in 5 dimensions, against POT, which works in one thread. */
const transport = (kind, n, more) => ({
  ...{ name: `${kind}_${n}`, ...ms, threads: [2], against: "POT" },
  ...more,
});

const TRANSPORT = [
  transport("sinkhorn", 128, { reps: 100, rounds: 3, seconds: 12 }),
  transport("sinkhorn", 1024, { reps: 5, rounds: 3, seconds: 12 }),
  transport("sinkhorn", 4096, { reps: 1, seconds: 15 }),
  transport("exact_ot", 128, { reps: 40, rounds: 3, seconds: 12 }),
  transport("exact_ot", 1024, { reps: 4, seconds: 25 }),
  transport("exact_ot", 4096, { reps: 1, rounds: 1, seconds: 25 }),
];

/**
 * Each takes `reps` repetitions a run; the shown value is seconds / reps · scale in `unit`. `rounds` are new processes, and
 * `seconds` the planned time of all rounds on two quiet cores. With `ranks`: one training in this number of processes of
 * one thread each, against one process. `long` benchmarks run only by name.
 */
const BENCHMARKS = [
  // a chain of 1,000 additions on 8 floats, so one repetition is 1,000 operations
  {
    name: "op_overhead",
    unit: "ns/op",
    scale: 1e6,
    reps: 100,
    rounds: 3,
    threads: [1],
    seconds: 13,
  },
  ...MLP,
  // a step of Adam and the moving average of 91,000 weights
  { name: "adam_step", unit: "µs", scale: 1e6, reps: 2000, rounds: 3, seconds: 15 },
  ...HALF,
  ...UNET,
  ...BF16,
  // pairs in 4 steps of analytic noise on our side, in 20 on the other
  ...HALF.map((bench) => ({ ...bench, name: `${bench.name}_few`, seconds: bench.seconds - 5 })),
  ...KERNELS,
  ...TRANSPORT,
  // the step of unet_step on a global batch of 32, and half_iteration_d50 with simulations in shares
  { name: "ddp_unet", ...step, reps: 2, rounds: 2, ranks: 2, seconds: 70 },
  { name: "ddp_mlp", ...seconds, ranks: 2, seconds: 80 },
  // seconds of training until the divergence from the exact bridge is the published one
  ...[5, 20, 50].map((dim) => ({
    ...{ name: `truth_d${dim}`, ...seconds, rounds: 1, threads: [2], long: true },
    seconds: 150 + 4 * dim,
  })),
];

/** Thread counts that each side may choose between; the faster one counts. */
export const THREADS = [1, 2];

/** Closest names by number of edits, for "did you mean". */
function nearestName(word, names) {
  const distance = (a, b) => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i += 1) {
      const next = [i];
      for (let j = 1; j <= b.length; j += 1) {
        const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
        next.push(Math.min(swap, row[j] + 1, next[j - 1] + 1));
      }
      row = next;
    }
    return row[b.length];
  };
  return [...names].sort((a, b) => distance(word, a) - distance(word, b))[0];
}

/** The names asked for by `--only a,b`, in the table's order. Throws one line on an unknown name. */
export function select(only) {
  if (only === undefined) return BENCHMARKS.filter(({ long }) => !long);
  const names = BENCHMARKS.map(({ name }) => name);
  const wanted = only.split(",").filter(Boolean);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined || wanted.length === 0) {
    const given = unknown ?? only;
    throw new Error(
      `no benchmark "${given}": did you mean ${nearestName(given, names)}? (there are ${names.join(", ")})`,
    );
  }
  return BENCHMARKS.filter(({ name }) => wanted.includes(name));
}

/** The median; the mean of both middle values for an even number. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The median of the medians of a run's rounds. */
export const medianOf = (run) => median([...run.values.values()].map(median));

/** How many times longer another run took, turn by turn of the rounds of both. */
export const ratiosOf = (run, other) =>
  [...run.values].flatMap(([round, values]) =>
    values
      .slice(0, other.values.get(round)?.length ?? 0)
      .map((x, k) => other.values.get(round)[k] / x),
  );

/** Picks from the runs of one side the thread count with the best median. */
export function bestRun(runs) {
  const full = runs.filter(({ values }) => values.size > 0);
  if (full.length === 0) return null;
  const scored = full.map((run) => ({
    run,
    threads: run.threads,
    value: medianOf(run),
    mb: Math.max(...run.peaks),
  }));
  return scored.reduce((a, b) => (b.value < a.value ? b : a));
}
