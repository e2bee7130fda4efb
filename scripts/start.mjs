// `npm start [key=value …]`: set up, then a bridge between handwritten digits in principal components, one in pixels,
// and one between Gaussians next to its exact answer. The commands run in this very process, so signals reach them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { repo } from "./setup/stamp.mjs";
import { reportFailure, setup } from "./setup.mjs";

const commands = [
  // With exact transport the first iteration moves as little as a second one, and keeps more of the variance.
  "train dataset=digits ot_sampler=exact ot_rows=1024 n_ipf=1",
  "train dataset=mnist_2to3 first_num_iter=250 num_iter=100 n_ipf=2 cache_npar=512 test_npar=250 plot_npar=49",
  "gaussian dim=5 first_coupling=ind inner_iters=2000 outer_iters=4",
];

try {
  await setup();
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const { main } = await import(pathToFileURL(join(repo, "packages/command/cli/dist/main.js")).href);
const given = process.argv.slice(2);
const folder = given.findLast((word) => word.startsWith("experiments_dir="))?.slice(16);
const latest = join(folder ?? "experiments", "latest");

async function run(words) {
  console.log(`\ndsbm ${words.join(" ")}`);
  process.exitCode = await main(words);
  return process.exitCode === 0;
}

for (const command of commands) {
  if (!(await run([...command.split(" "), ...given]))) break;
  // Verdicts, and a table with titles; a Gaussian run has its exact answer.
  const isMeasured = !existsSync(latest) || existsSync(join(latest, "quality.json"));
  if (!isMeasured && command.startsWith("train") && !(await run(["evaluate", latest]))) break;
}
