// Cells of two days, with a held-out day between: node cells.mjs day_2.npy day_4.npy day_3.npy,
// arrays [n, d] of principal components. Without files it draws a population that splits into two.
import { writeFileSync } from "node:fs";
import { fit } from "dsbm";
import { cat, Generator, io, randn } from "dsbm/torch";

const n = 2000;
const minutes = 5;

/** Cells at a time from 0 to 1: two branches along the first of ten components. */
function draw(file, time) {
  const generator = Generator.create(1 + Math.round(100 * time));
  const branch = randn([n, 1], { generator }).sign();
  const first = randn([n, 1], { generator })
    .mul(0.5)
    .add(branch.mul(4 * time));
  const others = randn([n, 9], { generator }).mul(1 - 0.5 * time);
  writeFileSync(file, io.encodeNpy(cat([first, others], { dim: 1 })));
  return file;
}

const files = process.argv.slice(2);
const [source, target, holdout] =
  files.length === 3 ? files : [draw("day_2.npy", 0), draw("day_4.npy", 1), draw("day_3.npy", 0.5)];

const bridge = await fit({
  source,
  target,
  holdout, // not trained on
  at: 0.5,
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const { rows } = await bridge.evaluate({
  holdout,
  at: 0.5,
  metrics: ["holdout"],
});
for (const { title, value, floor, ceiling } of rows)
  console.log(`${title} at the day between: ${value}, floor ${floor}, ceiling ${ceiling}`);
console.log(`report: ${bridge.report}`);
bridge.dispose();
