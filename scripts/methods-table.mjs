// Writes what methods state: the facts that configurations read without libtorch, and the tables of docs/guide/methods.md with the
// measured columns of docs/results.csv, which `npm run benchmark` writes. `--check` compares instead of writing.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseCsv } from "../packages/app/runs/dist/index.js";
import { methodFacts, methodNamed, methods } from "../packages/library/bridge/dist/index.js";
import { repo } from "./setup/stamp.mjs";

const names = Object.keys(methods);
const guide = "docs/guide/methods.md";
const measurements = join(repo, "docs/results.csv");
const results = existsSync(measurements) ? parseCsv(readFileSync(measurements, "utf8")).rows : [];

/** The measured columns: a case, a metric, its factor, and its digits. */
const measuredColumns = [
  ["moons-8gaussians", "w2", 1, 3],
  ["D16-eps1", "cbw2_uvp", 1, 1],
  ["moons-8gaussians", "evaluations", 1e-6, 1],
];

/** Means over seeds, "–" without results. */
const cellsOf = (row) =>
  measuredColumns.map(([place, metric, factor, digits]) => {
    const values = results
      .filter((one) => one.kind === "method" && one.row === row)
      .filter((one) => one.case === place && one.metric === metric && one.value !== null)
      .map(({ value }) => value);
    if (values.length === 0) return "–";
    return ((factor * values.reduce((a, b) => a + b, 0)) / values.length).toFixed(digits);
  });

const table = (head, rows) => {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
};

const rows = names.flatMap((name) =>
  (methodNamed(name, { gammas: [1] }).guide ?? []).map((row) => ({ name, ...row })),
);
for (const { name, preset = name } of rows)
  if (preset !== name && !existsSync(join(repo, `packages/app/config/conf/method/${preset}.yaml`)))
    throw new Error(
      `there is no preset method=${preset}: name one of packages/app/config/conf/method`,
    );

const nameOf = ({ name, preset = name, title }) => `\`${preset}\`${title ? ` (${title})` : ""}`;
const comparison = table(
  ["method", "take it for", "what it lacks", "W2", "cBW²-UVP, %", "evaluations"],
  rows.map((row) => {
    const { name, preset = name, result = preset, use, lack } = row;
    return [nameOf(row), use, lack, ...cellsOf(result)];
  }),
);

const isShown = (is) => (is ? "yes" : "no");
const data = table(
  ["method", "images", "conditions", "time courses", "masses", "networks", "options of its own"],
  names.map((name) => {
    const { takes, courses, networks, closedForm, drawsPlan } = methodFacts(name);
    const trained = {
      each: "one a direction",
      shared: "one",
      bidirectional: "one for both directions",
    };
    return [
      `\`${name}\``,
      ...[takes.images, takes.conditions, courses, takes.options.includes("mass")].map(isShown),
      closedForm || drawsPlan ? "none" : trained[networks],
      takes.options.map((option) => `\`${option}\``).join(", ") || "–",
    ];
  }),
);

const guideText = Object.entries({ comparison, data }).reduce(
  (text, [name, rows]) => {
    const place = new RegExp(`(<!-- methods: ${name} -->\n)[\\s\\S]*?(?=<!-- /methods -->)`);
    if (!place.test(text)) throw new Error(`${guide} has no place for <!-- methods: ${name} -->`);
    return text.replace(place, (_, mark) => `${mark}\n${rows}\n`);
  },
  readFileSync(join(repo, guide), "utf8"),
);

const facts = names.map((name) => `  ${name}: ${JSON.stringify(methodFacts(name))},`);
const files = {
  [guide]: guideText,
  "packages/library/bridge/src/facts/methods.generated.ts": `// Written by node scripts/methods-table.mjs.
// biome-ignore-all format: it is generated
import type { MethodFacts } from "./method-facts.js";

export const methodFacts = {
${facts.join("\n")}
} satisfies Record<string, MethodFacts>;
`,
};
for (const [file, text] of Object.entries(files)) {
  const path = join(repo, file);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    console.log(`${file} is out of date: run npm run tables`);
    process.exitCode = 1;
  }
}
