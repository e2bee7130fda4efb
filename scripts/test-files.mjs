// The files of tests, for vitest's configuration and for the arguments of `npm test`.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Paths of all test files, from the folder of the repository. */
export function testFiles(repo) {
  const packages = readdirSync(join(repo, "packages")).flatMap((group) =>
    readdirSync(join(repo, "packages", group)).map((name) => `packages/${group}/${name}/test`),
  );
  return ["test", "bench/quality/test", ...packages]
    .filter((folder) => existsSync(join(repo, folder)))
    .flatMap((folder) =>
      readdirSync(join(repo, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
    );
}

/** Paths among vitest's arguments that fit no test file: vitest ignores them next to others. */
export function pathsWithoutTests(args, repo) {
  const files = testFiles(repo);
  const isPath = (word, i) =>
    !word.startsWith("-") &&
    !["-t", "--testNamePattern"].includes(args[i - 1]) &&
    /\/|\.test/.test(word);
  const hasTests = (word) => files.some((file) => file.includes(word.replace(/:\d+$/, "")));
  return args.filter((word, i) => isPath(word, i) && !hasTests(word));
}
