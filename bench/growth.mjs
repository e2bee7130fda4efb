// `node bench/growth.mjs`: growth of cost with batch, width, dimension, steps and ranks, three
// sizes of each, on one thread a process. Prints a table of Markdown: milliseconds of a training
// step (of a whole simulation for a growing number of its steps), and the exponent p of the closest
// size^p.
import { setup } from "../scripts/setup.mjs";
import { markdown } from "./cost.mjs";
import { inTurns, ours } from "./side.mjs";

const ROUNDS = 5;

/** What grows, its sizes, the benchmark of ours.mjs, its repetitions, and what else it is told. */
const GROWTH = [
  ["batch", [64, 256, 1024], "mlp_step", 60, (batch) => ({ batch })],
  ["width", [128, 256, 512], "mlp_step", 60, (width) => ({ width })],
  ["dimension", [5, 50, 500], "mlp_step", 60, (dim) => ({ dim })],
  ["simulation steps", [10, 20, 40], "simulate", 1, (steps) => ({ steps })],
  ["ranks", [1, 2, 4], "ddp_mlp_step", 60, (ranks) => ({ ranks })],
];

/** Seconds of a repetition at each size, medians of interleaved rounds. */
async function seconds([, sizes, bench, reps, given]) {
  const sides = [];
  for (const size of sizes) {
    const { ranks = 1, ...rest } = given(size);
    sides.push(await ours(ranks, bench, { reps, ...rest }));
  }
  return inTurns(sides, ROUNDS, reps);
}

/** The slope of log y over log x by least squares. */
function exponent(xs, ys) {
  const [u, v] = [xs.map(Math.log), ys.map(Math.log)];
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const [mu, mv] = [mean(u), mean(v)];
  const sum = (fn) => u.reduce((total, _, i) => total + fn(i), 0);
  return sum((i) => (u[i] - mu) * (v[i] - mv)) / sum((i) => (u[i] - mu) ** 2);
}

await setup();
const rows = [];
for (const one of GROWTH) {
  console.error(`${one[0]} …`);
  const took = await seconds(one);
  const shown = took.map((s) => `${Number((1e3 * s).toPrecision(3))}`);
  rows.push([one[0], one[1].join(", "), shown.join(", "), exponent(one[1], took).toFixed(2)]);
}
console.log(markdown(["what grows", "sizes", "ms", "exponent"], rows));
