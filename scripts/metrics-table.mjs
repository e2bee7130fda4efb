// Writes the tables of docs/evaluation.md from the metrics themselves. `--check` compares instead of writing.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { metrics } from "../packages/app/evaluation/dist/metrics/index.js";
import { repo } from "./setup/stamp.mjs";

const document = join(repo, "docs/evaluation.md");
const HEAD = "| metric | better | meaning |\n| --- | --- | --- |";

function line({ name, better = "lower", target, columns, meaning, onRequest }) {
  const goal = target === undefined ? "near the data" : `near ${target}`;
  const parts = [
    meaning,
    ...(columns
      ? [
          `Columns: ${Object.values(columns)
            .map((one) => `\`${one}\``)
            .join(", ")}.`,
        ]
      : []),
    ...(onRequest ? ["Only with `metrics=`."] : []),
  ];
  const about = parts.join(" ").replaceAll("|", "\\|");
  return `| \`${name}\` | ${better === "target" ? goal : better} | ${about} |`;
}

const text = readFileSync(document, "utf8");
const groups = new Set(metrics.map(({ group }) => group));
const writtenText = text.replaceAll(
  /(<!-- metrics: (\w+) -->\n)[\s\S]*?(?=<!-- \/metrics -->)/g,
  (_, mark, group) => {
    if (!groups.delete(group)) throw new Error(`${document}: no metrics of "${group}"`);
    const lines = metrics.filter((metric) => metric.group === group).map(line);
    return `${mark}\n${HEAD}\n${lines.join("\n")}\n\n`;
  },
);
if (groups.size > 0) throw new Error(`${document} has no place for ${[...groups].join(", ")}`);
if (!process.argv.includes("--check")) writeFileSync(document, writtenText);
else if (writtenText !== text) {
  console.log("docs/evaluation.md is out of date: run npm run tables");
  process.exitCode = 1;
}
