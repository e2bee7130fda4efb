// `npm run check:mutants`: changes the rules of verdicts, bounds and units one by one, and says which changes no test notices.
// `-- --only verdict,units` takes parts, `--share 0.2` a share of the changes, drawn evenly, `--list` shows them alone.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { mutantsOf } from "./mutants/mutants.mjs";
import { repo } from "./setup/stamp.mjs";
import { setup } from "./setup.mjs";

/** Compiled folders, and the tests that should notice their changes. */
const mutatedParts = {
  verdict: {
    folders: ["packages/app/evaluation/dist/verdict"],
    tests: ["packages/app/evaluation/test/verdict"],
  },
  bounds: {
    folders: ["packages/app/evaluation/dist/bounds"],
    tests: ["packages/app/evaluation/test", "test/e2e/evaluate.test.ts"],
  },
  units: {
    folders: ["packages/library/data/dist/tables/units"],
    tests: ["tables/units", "tables/categories", "tables/where", "fields/field-units"].map(
      (name) => `packages/library/data/test/${name}.test.ts`,
    ),
  },
};

/** A changed program may run for ever. */
const mostSeconds = 120;

/** Runs tests, with a mutant if one is given. Resolves to whether they passed. */
function passes(tests, mutant) {
  const hooks = pathToFileURL(join(repo, "scripts/mutants/register.mjs")).href;
  const env = mutant && {
    DSBM_MUTANT: JSON.stringify({ ...mutant, url: pathToFileURL(mutant.file).href }),
    NODE_OPTIONS: `--import ${hooks}`,
  };
  const args = ["run", "--bail=1", "--reporter=dot", "--project=shared", ...tests];
  const child = spawn(process.execPath, [join(repo, "node_modules/vitest/vitest.mjs"), ...args], {
    cwd: repo,
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), mostSeconds * 1000);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}

/** Every `1/drawnShare`-th mutant of a part. */
function drawMutants(folders, drawnShare) {
  const files = folders.flatMap((folder) =>
    readdirSync(join(repo, folder))
      .filter((name) => name.endsWith(".js"))
      .map((name) => join(repo, folder, name)),
  );
  const all = files.flatMap(mutantsOf);
  return all.filter((_, i) => Math.floor((i + 1) * drawnShare) > Math.floor(i * drawnShare));
}

const mutantText = ({ file, line, was, to }) =>
  `${relative(repo, file)}:${line}: ${was.replace(/\s+/g, " ")} → ${to}`;

/** Prints each change that no test notices. Returns the count of changes and of those noticed. */
async function checkPart(name, mutants) {
  const { tests } = mutatedParts[name];
  if (!(await passes(tests, null)))
    throw new Error(`the tests of ${name} fail without a change: npm test -- ${tests.join(" ")}`);
  let noticed = 0;
  for (const [i, mutant] of mutants.entries()) {
    if (await passes(tests, mutant)) console.log(`not noticed: ${mutantText(mutant)}`);
    else noticed += 1;
    if (process.stderr.isTTY) process.stderr.write(`\r${name} ${i + 1}/${mutants.length} `);
  }
  console.log(`${name}: ${noticed} of ${mutants.length} changes are noticed`);
}

const { values } = parseArgs({
  options: {
    only: { type: "string", default: Object.keys(mutatedParts).join() },
    share: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
  },
});
const names = values.only.split(",");
const drawnShare = Number(values.share);
const wrongName = names.find((name) => !Object.hasOwn(mutatedParts, name));
const problem =
  wrongName !== undefined
    ? `--only ${wrongName}: expected ${Object.keys(mutatedParts).join(", ")}`
    : !(drawnShare > 0 && drawnShare <= 1) &&
      `--share ${values.share}: expected a number above 0 and at most 1`;
if (problem) {
  console.error(problem);
  process.exit(2);
}
await setup();
for (const name of names) {
  const mutants = drawMutants(mutatedParts[name].folders, drawnShare);
  if (values.list) for (const mutant of mutants) console.log(mutantText(mutant));
  else await checkPart(name, mutants);
}
