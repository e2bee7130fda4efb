// `npm start [key=value …]`: set up, then a bridge between handwritten digits in principal components, one in pixels,
// and one between Gaussians next to its exact answer. The commands run in this very process, so signals reach them.
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
const { main } = await import(pathToFileURL(join(repo, "packages/app/cli/dist/main.js")).href);
for (const command of commands) {
  console.log(`\ndsbm ${command}`);
  process.exitCode = await main([...command.split(" "), ...process.argv.slice(2)]);
  if (process.exitCode !== 0) break;
}
