// `node bench/scaling.mjs`: the cost and gain of several processes. Measures a step and an exchange, fits a model, and
// compares its prediction with two and four processes. --write: puts the tables into docs/scaling.md.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setup } from "../scripts/setup.mjs";
import { median } from "./benchmarks.mjs";
import { leastSquares, markdown, ring } from "./cost.mjs";
import { inTurns, ours } from "./side.mjs";

const benchFolder = dirname(fileURLToPath(import.meta.url));
const document = join(benchFolder, "../docs/scaling.md");

// What is measured: the step of ddp_unet on a global batch of 32, and the MLP's of ddp_mlp on 128.
const STEPS = [
  { bench: "ddp_unet", title: "UNet, 28×28, batch 32", batch: 32, reps: 2, bytes: 4 * 6_615_361 },
  {
    bench: "ddp_mlp_step",
    title: "MLP, dim 50, batch 128",
    batch: 128,
    reps: 200,
    bytes: 4 * 91_954,
  },
];
const PROCESSES = [1, 2, 4];
const SIZES = [4, 1024, 65_536, 1_048_576, 4_194_304, 26_214_400];

/** Seconds of an all-reduction between two ranks, by bytes. */
async function exchanges(rounds) {
  const side = await ours(2, "exchange");
  const lists = [];
  for (let round = 0; round < rounds; round += 1)
    lists.push((await side.ask({ cmd: "run", reps: SIZES })).times);
  side.close();
  return SIZES.map((bytes, i) => [bytes, median(lists.map((times) => times[i]))]);
}

/** Measures a step: alone on parts of the batch, and in several processes on all of it. */
async function steps({ bench, batch, reps }, rounds) {
  const ways = [
    ...PROCESSES.map((n) => ({ n, batch })),
    ...PROCESSES.slice(1).map((n) => ({ n: 1, batch: batch / n })),
  ];
  const sides = [];
  for (const way of ways) sides.push(await ours(way.n, bench, { reps, batch: way.batch }));
  const seconds = await inTurns(sides, rounds, reps);
  return ways.map((way, i) => ({ ...way, seconds: seconds[i] }));
}

const ms = (seconds) => (1000 * seconds).toPrecision(3);

async function measureRounds(rounds) {
  const cores = cpus().length;
  const times = await exchanges(rounds);
  // Between two ranks: two hops of latency, and all bytes each way.
  const line = leastSquares(times);
  const link = { latency: line.offset / 2, bandwidth: 1 / line.slope };
  const parts = [
    `${cores} cores (${cpus()[0].model.trim()}), medians of ${rounds} rounds, load average ${loadavg()[0].toFixed(1)}.`,
    `All-reduction of two processes over the loopback: latency ${(1e6 * link.latency).toFixed(0)} µs a hop, ${(link.bandwidth / 1e9).toFixed(2)} GB/s.`,
    markdown(
      ["bytes", "measured, ms", "model, ms"],
      times.map(([bytes, s]) => [bytes, ms(s), ms(ring(2, bytes, link))]),
    ),
  ];
  for (const step of STEPS) {
    const all = await steps(step, rounds);
    const alone = all.filter(({ n }) => n === 1);
    const compute = leastSquares(alone.map(({ batch, seconds }) => [batch, seconds]));
    const [one] = all;
    const rows = all
      .filter(({ batch }) => batch === step.batch)
      .map(({ n, seconds }) => {
        // Processes that share a core take turns; an exchange on the processor hides behind
        // nothing. If it takes longer than it saves, each process computes all rows.
        const turns = Math.max(1, n / cores);
        const work = (rows) => compute.offset + compute.slope * rows;
        const shared = work(step.batch / n) + ring(n, step.bytes, link);
        const said = turns * Math.min(shared, work(step.batch));
        const gain = one.seconds / seconds;
        const most = Math.min(n, cores);
        return [n, ms(said), ms(seconds), gain.toFixed(2), `${((100 * gain) / most).toFixed(0)} %`];
      });
    parts.push(
      `**${step.title}**: ${ms(compute.offset)} ms + ${ms(compute.slope)} ms a sample; ${(step.bytes / 1e6).toFixed(2)} MB a step.`,
      markdown(["processes", "model, ms", "measured, ms", "speedup", "of the cores"], rows),
    );
  }
  return parts.join("\n\n");
}

/** Puts the tables between the marks of the document. */
function replaceText(text, content) {
  const [from, to] = ["<!-- measured -->", "<!-- /measured -->"];
  const [start, end] = [text.indexOf(from), text.indexOf(to)];
  if (start < 0 || end < start) throw new Error("docs/scaling.md has no marks");
  return `${text.slice(0, start + from.length)}\n\n${content}\n\n${text.slice(end)}`;
}

const { values: options } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    rounds: { type: "string", default: "5" },
  },
});
const rounds = Number(options.rounds);
if (!(Number.isInteger(rounds) && rounds > 0))
  throw new Error(`--rounds ${options.rounds}: expected a whole number of at least 1.`);
await setup();
const content = await measureRounds(rounds);
console.log(content);
if (options.write) writeFileSync(document, replaceText(readFileSync(document, "utf8"), content));
