// Reports the lines of each room (packages/*/src, generated files aside) beside the budget in ARCHITECTURE.md.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repo } from "./setup/stamp.mjs";

const rows = readFileSync(join(repo, "ARCHITECTURE.md"), "utf8").matchAll(
  /^\| `(\w+)` \| ([\d,]+) \|/gm,
);

const linesOf = (room) =>
  readdirSync(join(repo, "packages", room, "src"), { recursive: true })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".generated.ts"))
    .map((file) => ({
      file: `${room}/src/${file}`,
      lines: readFileSync(join(repo, "packages", room, "src", file), "utf8").split("\n").length - 1,
    }));

const all = [];
let allowed = 0;
for (const [, room, text] of rows) {
  const budget = Number(text.replaceAll(",", ""));
  const files = linesOf(room);
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  allowed += budget;
  all.push(...files);
  console.log(`${room.padEnd(8)} ${String(lines).padStart(6)} of ${String(budget).padStart(6)}`);
}
const sorted = all.toSorted((a, b) => a.lines - b.lines);
const total = all.reduce((sum, file) => sum + file.lines, 0);
const median = sorted[Math.floor(sorted.length / 2)];
const largest = sorted.at(-1);
console.log(
  `all      ${String(total).padStart(6)} of ${String(allowed).padStart(6)}, ${all.length} files, median ${median.lines}, largest ${largest.lines} (${largest.file})`,
);
