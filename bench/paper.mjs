// The tables of docs/scaling.md that come from a model: the presets' networks on GPUs and networks
// with assumed figures.
import { clustered, exposed, markdown } from "./cost.mjs";

/** Assumptions, none of them measured here. */
const GPU = {
  flops: 40e12, // sustained on these networks: a quarter of the 156 TFLOP/s that an A100 has in TF32
  normals: 10e9, // normal numbers a second
  each: 8, // GPUs a machine
};
const share = 0.8; // of a link's nominal rate
const gbit = 1e9 / 8;
const within = { latency: 5e-6, bandwidth: share * 300e9 }; // NVLink: 300 GB/s a direction (A100)
const NETWORKS = [
  { title: "InfiniBand, 400 Gbit/s a GPU", latency: 5e-6, bandwidth: share * 8 * 400 * gbit },
  { title: "InfiniBand, 100 Gbit/s a machine", latency: 5e-6, bandwidth: share * 100 * gbit },
  { title: "Ethernet, 10 Gbit/s a machine", latency: 30e-6, bandwidth: share * 10 * gbit },
];
const COUNTS = [8, 16, 64, 256, 1024];
const DATASETS = ["mnist_transfer", "downscaler_transfer", "afhq_transfer"];

/** Seconds of a step's parts on `n` GPUs with `local` samples each. */
function stepOf(net, n, local, between, { width = 4, cap } = {}) {
  const compute = (3 * net.flop * local) / GPU.flops; // backward is twice forward
  // Every rank draws the noise of the whole batch, half of which is the negative of the other.
  const noise = (n * local * net.values) / 2 / GPU.normals;
  const own = noise / n;
  const time = (bytes) => clustered(n, bytes, { each: GPU.each, within, between });
  const seen = exposed(width * net.parameters, compute, time, cap);
  return { compute, seen, noise, efficiency: (compute + own) / (compute + noise + seen) };
}

/**
 * Samples a GPU at which `n` of them reach `wanted`; null if the noise of the whole batch prevents
 * it.
 */
function leastLocal(net, n, between, width, wanted = 0.8) {
  for (let local = 1; local <= 65_536; local *= 2)
    if (stepOf(net, n, local, between, { width }).efficiency >= wanted) return local;
  return null;
}

const percent = (x) => `${(100 * x).toFixed(0)} %`;
const big = (x) => x.toLocaleString("en-US");

/** The parts of the document by name. */
export async function paper() {
  const { costOf } = await import("./networks.mjs");
  const nets = DATASETS.map(costOf);
  const networks = markdown(
    [
      "preset",
      "parameters",
      "MB a step, float32",
      "bfloat16",
      "GFLOP a sample, forward",
      "batch_size",
    ],
    nets.map((net) => [
      net.dataset,
      big(net.parameters),
      ((4 * net.parameters) / 1e6).toFixed(1),
      ((2 * net.parameters) / 1e6).toFixed(1),
      big(Math.round(net.flop / 1e8) / 10),
      net.batch,
    ]),
  );
  const head = ["", ...COUNTS.map((n) => `${n} GPUs`)];
  const weak = nets.map((net) => {
    const rows = NETWORKS.map((between) => [
      between.title,
      ...COUNTS.map((n) => percent(stepOf(net, n, net.batch, between).efficiency)),
    ]);
    const ideal = { latency: 0, bandwidth: Number.POSITIVE_INFINITY };
    const noise = COUNTS.map((n) => {
      const { compute, noise: all } = stepOf(net, n, net.batch, ideal);
      return percent(all / (compute + all));
    });
    const memory = COUNTS.map((n) => ((4 * n * net.batch * net.values) / 1e9).toPrecision(2));
    const below = ["the whole batch's noise, GB a GPU", ...memory];
    return `**${net.dataset}**, ${net.batch} samples a GPU\n\n${markdown(head, [...rows, ["time of the whole batch's noise", ...noise], below])}`;
  });
  const [mnist] = nets;
  const strong = markdown(
    ["", ...COUNTS.slice(0, 4).map((n) => `${n} GPUs`)],
    NETWORKS.map((between) => [
      between.title,
      ...COUNTS.slice(0, 4).map((n) =>
        n > mnist.batch ? "–" : percent(stepOf(mnist, n, mnist.batch / n, between).efficiency),
      ),
    ]),
  );
  const least = markdown(
    ["", ...[64, 1024].flatMap((n) => [`${n} GPUs, float32`, `${n}, bfloat16`])],
    nets.flatMap((net) =>
      NETWORKS.map((between) => [
        `${net.dataset}, ${between.title}`,
        ...[64, 1024].flatMap((n) =>
          [4, 2].map((width) => leastLocal(net, n, between, width) ?? "never"),
        ),
      ]),
    ),
  );
  const [, downscaler] = nets;
  const ways = [
    { title: "25 MiB, float32", width: 4, cap: 25 },
    { title: "5 MiB, float32", width: 4, cap: 5 },
    { title: "1 MiB, float32", width: 4, cap: 1 },
    { title: "5 MiB, bfloat16", width: 2, cap: 5 },
  ];
  const buckets = markdown(
    ["", ...ways.map(({ title }) => title)],
    [
      [mnist, 8],
      [mnist, 32],
      [downscaler, 4],
    ].flatMap(([net, local]) =>
      NETWORKS.slice(0, 2).map((between) => [
        `${net.dataset}, ${local} samples a GPU, ${between.title}`,
        ...ways.map(({ width, cap }) =>
          percent(stepOf(net, 64, local, between, { width, cap: cap * 2 ** 20 }).efficiency),
        ),
      ]),
    ),
  );
  return { buckets, networks, weak: weak.join("\n\n"), strong, least };
}
