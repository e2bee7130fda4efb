// Quality of `dsbm fit` with its defaults on small tables of many kinds: sliced 2-Wasserstein of
// both directions and its floor. `npm run bench:fit -- [--pairs N] [--minutes M]`
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { readQuality } from "@dsbm/runs";
import * as dsbm from "dsbm";
import { random as randomOf } from "../scripts/torture/random.mjs";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "20" },
    minutes: { type: "string", default: "2" },
  },
});

const valuesByKind = {
  normal: ({ normal }) => normal(),
  clusters: ({ normal, row }) => 3 * (row.cluster - 1) + 0.3 * normal(),
  "heavy tails": ({ normal, random }) => normal() / Math.sqrt(0.15 + random()) ** 2,
  skewed: ({ normal }) => Math.exp(0.7 * normal()),
  "near-constant": ({ normal, column }) => (column === 0 ? 5 + 1e-4 * normal() : normal()),
};
/** Kind, columns, rows of source and target, scale of the columns. */
const pairs = [
  ["normal", 2, 1000, 1000, 1],
  ["clusters", 2, 2000, 1500, 1],
  ["heavy tails", 3, 2000, 2000, 1],
  ["skewed", 4, 1000, 3000, 1e3],
  ["near-constant", 3, 1500, 1000, 1],
  ["normal", 10, 5000, 4000, 1e-3],
  ["clusters", 10, 3000, 3000, 1e6],
  ["skewed", 10, 2000, 5000, "mixed"],
  ["normal", 50, 5000, 5000, 1],
  ["clusters", 50, 4000, 3000, 1],
  ["normal", 2, 200, 300, 1],
  ["skewed", 5, 200, 2000, 1],
  ["clusters", 5, 300, 300, "mixed"],
  ["heavy tails", 10, 5000, 2000, "mixed"],
  ["near-constant", 20, 3000, 3000, 1e-3],
  ["normal", 20, 20_000, 10_000, 1e6],
  ["clusters", 3, 50_000, 20_000, 1],
  ["skewed", 20, 10_000, 50_000, 1],
  ["heavy tails", 2, 50_000, 50_000, 1e3],
  ["near-constant", 50, 2000, 1000, "mixed"],
];

function tableOf([kind, columns, , , scale], n, { seed, target }) {
  const random = randomOf(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const lines = [Array.from({ length: columns }, (_, k) => `c${k}`).join(",")];
  for (let i = 0; i < n; i++) {
    const row = { cluster: Math.floor(3 * random()) };
    const common = normal();
    const values = Array.from({ length: columns }, (_, column) => {
      const own = valuesByKind[kind]({ normal, random, row, column });
      const isNear = kind === "near-constant" && column === 0;
      // The target is moved, wider, and has columns that depend on each other.
      const x = target && !isNear ? 1 + 1.3 * own + 0.5 * common * (column % 2) : own;
      return x * (scale === "mixed" ? 10 ** ((column % 10) - 3) : scale);
    });
    lines.push(values.map((x) => x.toPrecision(9)).join(","));
  }
  return `${lines.join("\n")}\n`;
}

/** Fits a bridge and returns the quotients of sliced 2-Wasserstein and its floor, forward and backward. */
async function floorRatios(source, target, folder) {
  const bridge = await dsbm.fit({
    ...{ source, target, folder },
    max_minutes: Number(values.minutes),
    plot_level: 0,
  });
  bridge.dispose();
  const { rows } = readQuality(folder);
  return ["f", "b"].map((direction) => {
    const row = rows.find((one) => one.name === "sliced_w2" && one.direction === direction);
    return row.value / row.floor;
  });
}

/** Measures a pair, prints its line, and returns its ratios. */
async function measurePair(pair, i, folder) {
  const [kind, columns, n0, n1, scale] = pair;
  const [source, target] = ["source", "target"].map((end) => join(folder, `${end}_${i}.csv`));
  writeFileSync(source, tableOf(pair, n0, { seed: 2 * i + 1, target: false }));
  writeFileSync(target, tableOf(pair, n1, { seed: 2 * i + 2, target: true }));
  const began = performance.now();
  const ratios = await floorRatios(source, target, join(folder, `run_${i}`)).catch((error) => {
    console.log(String(error.message).split("\n").at(-1));
    return [Number.NaN, Number.NaN];
  });
  const minutes = (performance.now() - began) / 60_000;
  const [f, back] = ratios.map((ratio) => ratio.toFixed(2).padStart(6));
  console.log(
    `${String(i + 1).padEnd(5)} ${kind.padEnd(14)} ${String(columns).padEnd(8)} ${`${n0}, ${n1}`.padEnd(14)} ${String(scale).padEnd(7)} ${f} ${back} ${isClose(ratios) ? "    " : "miss"} ${minutes.toFixed(2)}`,
  );
  return ratios;
}

const isClose = (ratios) => ratios.every((ratio) => ratio <= 2);

const folder = mkdtempSync(join(tmpdir(), "dsbm-bench-fit-"));
const chosenPairs = pairs.slice(0, Number(values.pairs));
const allRatios = [];
console.log("pair  kind           columns  rows           scale   value/floor f  b     minutes");
try {
  for (const [i, pair] of chosenPairs.entries()) allRatios.push(await measurePair(pair, i, folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const closeCount = allRatios.filter(isClose).length;
const failedCount = allRatios.filter((ratios) => !ratios.every(Number.isFinite)).length;
console.log(
  `at most twice the floor in both directions: ${closeCount} of ${chosenPairs.length}; not finite or failed: ${failedCount}`,
);
process.exitCode = failedCount > 0 || closeCount < 0.9 * chosenPairs.length ? 1 : 0;
