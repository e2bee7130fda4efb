// `npm run check`: everything that a reader should not have to look for. All checks run, so that one
// call shows all that is wrong; only a failing check's output is printed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { attempt } from "./setup/command.mjs";
import { repo } from "./setup/stamp.mjs";
import { reportFailure, setup } from "./setup.mjs";

const tool = (path) => join(repo, "node_modules", path);
const CHECKS = [
  { name: "types", args: [tool("typescript/bin/tsc"), "-b"] },
  { name: "types of the tests", args: [tool("typescript/bin/tsc"), "-p", "test"] },
  {
    name: "format and lint",
    args: [tool("@biomejs/biome/bin/biome"), "check", "--colors=off", "."],
  },
  {
    name: "order of imports",
    args: [
      tool("dependency-cruiser/bin/dependency-cruise.mjs"),
      "--config",
      ".dependency-cruiser.cjs",
      "packages",
    ],
  },
  { name: "order of manifests", args: ["scripts/check-manifests.mjs"] },
  { name: "dead code", args: [tool("knip/bin/knip.js"), "--no-progress"] },
  { name: "generated operations", args: ["scripts/gen-ops.mjs", "--check"] },
  { name: "generated kernels", args: ["scripts/gen-kernels.mjs", "--check"] },
  { name: "table of keys", args: ["scripts/keys-table.mjs", "--check"] },
  { name: "table of methods", args: ["scripts/methods-table.mjs", "--check"] },
  { name: "table of metrics", args: ["scripts/metrics-table.mjs", "--check"] },
  { name: "list of public exports", args: ["scripts/exports-table.mjs", "--check"] },
  { name: "files of the four journeys", args: ["scripts/journeys.mjs", "--check"] },
  { name: "table of parity", args: ["scripts/check-parity.mjs"] },
  { name: "docstrings of the API", args: ["scripts/api.mjs"] },
  { name: "shape, docstrings, names", args: ["scripts/gate.mjs"], isReport: true },
  { name: "budgets", args: ["scripts/budgets.mjs"], isReport: true },
  { name: "style", args: ["scripts/style.mjs"], isReport: true },
];

try {
  await setup();
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const failedChecks = [];

async function run({ name, args, isReport }) {
  if (args[0].startsWith("scripts/") && !existsSync(join(repo, args[0]))) {
    console.log(`-  ${name}: ${args[0]} is not there`);
    return;
  }
  const { code, output } = await attempt(process.execPath, args);
  console.log(`${code === 0 ? "✓" : "✗"}  ${name}`);
  if (isReport) console.log(output.trimEnd().replaceAll(/^/gm, "   "));
  if (code === 0) return;
  failedChecks.push(name);
  console.log(output.trimEnd());
}

// Others read what the first compiles. The longest of these begin first.
const [compile, ...otherChecks] = CHECKS;
await run(compile);
await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (let next = otherChecks.shift(); next; next = otherChecks.shift()) await run(next);
  }),
);
console.log(failedChecks.length > 0 ? `failed: ${failedChecks.join(", ")}` : "all checks passed");
process.exitCode = failedChecks.length > 0 ? 1 : 0;
