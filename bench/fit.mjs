// Quality of `dsbm fit` with its defaults on small tables of many kinds: sliced 2-Wasserstein of
// both directions and its floor. `npm run bench:fit -- [--pairs N] [--minutes M]`
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { random as randomOf } from "../scripts/torture/random.mjs";

const { values } = parseArgs({
  options: {
    pairs: { type: "string", default: "20" },
    minutes: { type: "string", default: "2" },
  },
});
const bin = fileURLToPath(new URL("../packages/command/cli/bin/dsbm.mjs", import.meta.url));

const kinds = {
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
      const own = kinds[kind]({ normal, random, row, column });
      const isNear = kind === "near-constant" && column === 0;
      // The target is moved, wider, and has columns that depend on each other.
      const x = target && !isNear ? 1 + 1.3 * own + 0.5 * common * (column % 2) : own;
      return x * (scale === "mixed" ? 10 ** ((column % 10) - 3) : scale);
    });
    lines.push(values.map((x) => x.toPrecision(9)).join(","));
  }
  return `${lines.join("\n")}\n`;
}

const folder = mkdtempSync(join(tmpdir(), "dsbm-bench-fit-"));
const wanted = pairs.slice(0, Number(values.pairs));
let good = 0;
let failed = 0;
console.log("pair  kind           columns  rows           scale   value/floor f  b     minutes");
try {
  for (const [i, pair] of wanted.entries()) {
    const [kind, columns, n0, n1, scale] = pair;
    const [a, b] = ["source", "target"].map((end) => join(folder, `${end}_${i}.csv`));
    writeFileSync(a, tableOf(pair, n0, { seed: 2 * i + 1, target: false }));
    writeFileSync(b, tableOf(pair, n1, { seed: 2 * i + 2, target: true }));
    const began = performance.now();
    let ratios = [Number.NaN, Number.NaN];
    try {
      const words = ["fit", a, b, `max_minutes=${values.minutes}`, "plot_level=0", "--json"];
      const text = execFileSync(process.execPath, [bin, ...words], {
        cwd: folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        maxBuffer: 2 ** 28,
      });
      const { rows } = JSON.parse(text);
      ratios = ["f", "b"].map((direction) => {
        const row = rows.find((r) => r.metric === "sliced_w2" && r.direction === direction);
        return row.value / row.floor;
      });
    } catch (error) {
      console.log(
        String(error.stderr ?? error)
          .trim()
          .split("\n")
          .at(-1),
      );
    }
    const minutes = (performance.now() - began) / 60_000;
    const isGood = ratios.every((ratio) => ratio <= 2);
    good += isGood ? 1 : 0;
    failed += ratios.some((ratio) => !Number.isFinite(ratio)) ? 1 : 0;
    const [f, back] = ratios.map((ratio) => ratio.toFixed(2).padStart(6));
    console.log(
      `${String(i + 1).padEnd(5)} ${kind.padEnd(14)} ${String(columns).padEnd(8)} ${`${n0}, ${n1}`.padEnd(14)} ${String(scale).padEnd(7)} ${f} ${back} ${isGood ? "    " : "miss"} ${minutes.toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `at most twice the floor in both directions: ${good} of ${wanted.length}; not finite or failed: ${failed}`,
);
process.exitCode = failed > 0 || good < 0.9 * wanted.length ? 1 : 0;
