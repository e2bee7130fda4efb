// `npm start`: set up, then the main job. The job runs in this very process, so its exit code and
// the signals sent to it need no passing on.
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { repo } from "./setup/stamp.mjs";
import { reportFailure, setup } from "./setup.mjs";

try {
  await setup();
} catch (error) {
  reportFailure(error);
  process.exit(1);
}
const door = join(repo, "packages/app/cli/bin/dsbm.mjs");
process.argv.splice(1, 1, door, "start");
await import(pathToFileURL(door).href);
