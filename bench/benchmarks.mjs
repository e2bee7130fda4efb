// What is measured: names, units and how often. Both sides build a benchmark from its name alone.

/** The same work with networks in bfloat16, against PyTorch's autocast. */
const bf16 = (bench) => ({ ...bench, name: `${bench.name}_bf16` });

const MLP = [
  { name: "mlp_step_d5", unit: "ms/step", scale: 1e3, reps: 800, rounds: 7 },
  { name: "mlp_step_d50", unit: "ms/step", scale: 1e3, reps: 400, rounds: 7 },
  { name: "simulate_mlp", unit: "s", scale: 1, reps: 1, rounds: 7 },
];

const HALF = ["half_iteration_d5", "half_iteration_d50"].map((name) => ({
  ...{ name, unit: "s", scale: 1, reps: 1, rounds: 3 },
}));

// MNIST size, 6.6 million parameters, batch 32
const UNET = [
  { name: "unet_step", unit: "ms/step", scale: 1e3, reps: 1, rounds: 5 },
  { name: "unet_forward", unit: "ms", scale: 1e3, reps: 2, rounds: 5 },
  // 32 images through 30 steps: one repetition is 32 images
  { name: "unet_simulation", unit: "ms/image", scale: 1e3 / 32, reps: 1, rounds: 3 },
];

// Our own kernels for images, forward and backward: 32 images of 64 channels, 28×28
const KERNELS = [
  { name: "conv3x3", unit: "ms", scale: 1e3, reps: 4, rounds: 5 },
  { name: "norm_silu", unit: "ms", scale: 1e3, reps: 40, rounds: 7 },
  { name: "conv3x3_few", unit: "ms", scale: 1e3, reps: 10, rounds: 5 },
  { name: "norm_silu_few", unit: "ms", scale: 1e3, reps: 40, rounds: 7 },
];

/** n equally weighted points of each of two Gaussians in 5 dimensions, against POT. */
const transport = (kind, n, reps) => ({
  ...{ name: `${kind}_${n}`, unit: "ms", scale: 1e3, reps, rounds: 5, against: "POT" },
});

/**
 * Each takes `reps` repetitions a round; the shown value is seconds / reps · scale in `unit`. With
 * `ranks`: one training in this number of processes of one thread each, against one process. `long`
 * benchmarks run only by name.
 */
const BENCHMARKS = [
  // a chain of 1,000 additions on 8 floats, so one repetition is 1,000 operations
  { name: "op_overhead", unit: "ns/op", scale: 1e6, reps: 200, rounds: 7 },
  ...MLP,
  // a step of Adam and the moving average of 91,000 weights
  { name: "adam_step", unit: "µs", scale: 1e6, reps: 2000, rounds: 7 },
  ...HALF,
  ...UNET,
  // of a half-iteration only the simulations are in bfloat16
  ...[...MLP, ...HALF, ...UNET].map(bf16),
  // pairs in 4 steps of analytic noise on our side, in 20 on the other
  ...HALF.map((bench) => ({ ...bench, name: `${bench.name}_few` })),
  ...KERNELS,
  ...[128, 1024, 4096].map((n, i) => transport("sinkhorn", n, [100, 5, 1][i])),
  ...[128, 1024, 4096].map((n, i) => transport("exact_ot", n, [40, 8, 1][i])),
  // the step of unet_step on a global batch of 32, and half_iteration_d50 with simulations in shares
  { name: "ddp_unet", unit: "ms/step", scale: 1e3, reps: 4, rounds: 5, ranks: 2 },
  { name: "ddp_mlp", unit: "s", scale: 1, reps: 1, rounds: 3, ranks: 2 },
  // seconds of training until the divergence from the exact bridge is the published one
  ...[5, 20, 50].map((dim) => ({
    ...{ name: `truth_d${dim}`, unit: "s", scale: 1, reps: 1, rounds: 1, threads: [2], long: true },
  })),
];

/** Thread counts that each side may choose between; the better one counts. */
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

/** Picks from { threads, values, peaks } of one side the thread count with the best median. */
export function best(runs) {
  const full = runs.filter(({ values }) => values.length > 0);
  if (full.length === 0) return null;
  const scored = full.map(({ threads, values, peaks }) => ({
    threads,
    value: median(values),
    mb: Math.max(...peaks),
  }));
  return scored.reduce((a, b) => (b.value < a.value ? b : a));
}
