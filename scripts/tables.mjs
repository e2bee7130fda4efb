// `npm run tables`: writes all generated tables and lists, of methods, keys, metrics and public exports.
import { join } from "node:path";
import process from "node:process";
import { attempt } from "./setup/command.mjs";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

const compile = [join(repo, "node_modules/typescript/bin/tsc"), "-b"];

/** Others read the facts of methods that the first script writes, compiled. */
const generators = [
  ["scripts/methods-table.mjs"],
  compile,
  ["scripts/keys-table.mjs"],
  compile,
  ["scripts/metrics-table.mjs"],
  ["scripts/exports-table.mjs"],
];

await setup();
for (const args of generators) {
  const { code, output } = await attempt(process.execPath, args);
  if (code === 0) continue;
  console.log(output.trimEnd());
  process.exitCode = 1;
  break;
}
