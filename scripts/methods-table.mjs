// Fills the measured columns of the table of docs/guide/methods.md from docs/results.csv, which `npm run benchmark` writes.
// `--check` compares instead of writing: every method has a row, and every number agrees with the results; without results the
// columns have none.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseCsv } from "../packages/app/runs/dist/index.js";
import { repo } from "./setup/stamp.mjs";

const guide = join(repo, "docs/guide/methods.md");
const measurements = join(repo, "docs/results.csv");
const results = existsSync(measurements) ? parseCsv(readFileSync(measurements, "utf8")).rows : [];

/** Rows of the results for the methods of the guide: where methods have several, one with the settings of `dsbm fit`. */
const names = { dbdsb: "dsbm_imf_ot", sbcfm: "sb_cfm", otcfm: "ot_cfm", rf: "rectified_flow" };
/** Presets outside all benchmarks, and a method without a preset. */
const others = ["bm", "dbdsb_vp", "dsb"];
const presets = readdirSync(join(repo, "packages/app/config/conf/method")).map((file) =>
  file.replace(".yaml", ""),
);
const methods = [...presets.filter((one) => !/^_/.test(one) && !others.includes(one)), "sbcfm"];

/** The measured columns: a case, a metric, its factor, and its digits. */
const measured = [
  ["moons-8gaussians", "w2", 1, 3],
  ["D16-eps1", "cbw2_uvp", 1, 1],
  ["moons-8gaussians", "evaluations", 1e-6, 1],
];

function cellsOf(method) {
  return measured.map(([place, metric, times, digits]) => {
    const values = results
      .filter((row) => row.kind === "method" && row.row === (names[method] ?? method))
      .filter((row) => row.case === place && row.metric === metric && row.value !== null)
      .map(({ value }) => value);
    if (values.length === 0) return "–";
    return ((times * values.reduce((a, b) => a + b, 0)) / values.length).toFixed(digits);
  });
}

const text = readFileSync(guide, "utf8");
const found = new Set();
const filled = text.replaceAll(/^\| `(\w+)`.*$/gm, (line, method) => {
  if (!methods.includes(method)) return line;
  found.add(method);
  const cells = line.slice(2, -2).split(" | ");
  const words = cells.slice(0, cells.length - measured.length);
  return `| ${[...words, ...cellsOf(method)].join(" | ")} |`;
});
const missing = methods.filter((one) => !found.has(one));
if (missing.length > 0) console.log(`docs/guide/methods.md: no row for ${missing.join(", ")}`);
const differs = filled !== text;
if (!process.argv.includes("--check")) writeFileSync(guide, filled);
else if (differs)
  console.log(
    "docs/guide/methods.md: not the numbers of docs/results.csv: run node scripts/methods-table.mjs",
  );
process.exitCode = missing.length > 0 || (differs && process.argv.includes("--check")) ? 1 : 0;
