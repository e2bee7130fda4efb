// Checks deploy/ against the repository: packages equal the set-up's, paths and commands exist,
// keys are keys. No image is built here.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readYaml, resolve, train } from "@dsbm/config";
import { describe, expect, it } from "vitest";
import { PACKAGES } from "../../packages/engine/torch/addon/system.mjs";
import {
  copies,
  definition,
  dockerfile,
  installedPackages,
} from "../../scripts/deploy/recipes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, "utf8");
const neededPackages = Object.values(PACKAGES).sort();

/** The npm scripts that a shell script runs. */
const npmRuns = (script: string) => [...script.matchAll(/npm run (\S+)/g)].map(([, name]) => name);
const scripts = Object.keys(JSON.parse(read("package.json")).scripts);
const commands = [...read("packages/command/cli/src/main.ts").matchAll(/^ {2}(\w+): \[$/gm)].map(
  ([, name]) => name,
);

const docker: { name: string; rest: string }[] = dockerfile();
const instructionsNamed = (name: string) =>
  docker.filter((line) => line.name === name).map(({ rest }) => rest);
const onlyInstruction = (name: string) => {
  expect(instructionsNamed(name)).toHaveLength(1);
  return instructionsNamed(name)[0];
};
/** What is copied into the image, and where to. */
const copiedPaths: string[][] = copies(docker);

const { header, sections } = definition();

describe("the Dockerfile", () => {
  it("installs the packages of the set-up and a recent Node, and runs existing scripts", () => {
    const least = Number(/\d+/.exec(JSON.parse(read("package.json")).engines.node)?.[0]);
    expect(
      Number(/^node:(\d+)-trixie-slim$/.exec(onlyInstruction("FROM"))?.[1]),
    ).toBeGreaterThanOrEqual(least);
    expect(installedPackages(instructionsNamed("RUN").join("\n"))).toEqual(neededPackages);
    const ran = npmRuns(instructionsNamed("RUN").join("\n"));
    expect(ran).toContain("setup");
    expect(ran.filter((name) => !scripts.includes(name))).toEqual([]);
  });

  it("copies all files that the set-up reads into their places", () => {
    for (const [from, to] of copiedPaths) {
      expect(existsSync(`${root}${from}`), from).toBe(true);
      expect(to).toBe(from);
    }
    const part = /^((tsconfig|package).*\.json|\.npmrc|scripts|packages)$/;
    const { references } = JSON.parse(read("tsconfig.json")) as { references: { path: string }[] };
    const compiled = references
      .map(({ path }) => path)
      .filter((path) => !path.startsWith("packages/"));
    const bundle = read("packages/command/browser/bundle.mjs");
    const [, examples] = /join\(repo, `(examples\/\w+)\//.exec(bundle) ?? [];
    const wanted = [...readdirSync(root).filter((name) => part.test(name)), ...compiled, examples];
    expect(copiedPaths.map(([from]) => from).sort()).toEqual(wanted.sort());
  });

  it("starts dsbm as a user without rights", () => {
    const user = onlyInstruction("USER");
    expect(user).not.toMatch(/^(root|0)$/);
    expect(instructionsNamed("RUN").join("\n")).toMatch(
      new RegExp(`useradd .*--uid \\d+ ${user}\\b`),
    );
    // npx would keep signals to itself.
    const program = `${onlyInstruction("WORKDIR")}/node_modules/.bin/dsbm`;
    expect(JSON.parse(onlyInstruction("ENTRYPOINT"))).toEqual([program]);
    expect(JSON.parse(read("packages/command/cli/package.json")).bin).toHaveProperty("dsbm");
    expect(commands).toContain(JSON.parse(onlyInstruction("CMD"))[0]);
    for (const path of JSON.parse(onlyInstruction("VOLUME")))
      expect(path).toContain(`${onlyInstruction("WORKDIR")}/`);
  });
});

describe("the Apptainer definition", () => {
  const section = (name: string) => {
    expect([...sections.keys()]).toContain(name);
    return sections.get(name) as string;
  };

  it("has the base, the packages and the files of the Dockerfile", () => {
    expect(/^From: (\S+)$/m.exec(header)?.[1]).toBe(onlyInstruction("FROM"));
    expect(/^Bootstrap: (\S+)$/m.exec(header)?.[1]).toBe("docker");
    expect(installedPackages(section("%post"))).toEqual(neededPackages);
    const files = section("%files")
      .split("\n")
      .map((line) => line.trim().split(/\s+/));
    expect(files).toEqual(
      copiedPaths.map(([from, to]) => [from, `${onlyInstruction("WORKDIR")}/${to}`]),
    );
    expect(npmRuns(section("%post"))).toEqual(["setup"]);
  });
});

describe("the Kubernetes manifest", () => {
  const documents = read("deploy/trainjob.yaml").split("\n---\n");
  // biome-ignore lint/suspicious/noExplicitAny: read from a file
  const [runtime, job] = documents.map((text) => readYaml(text)) as any[];

  it("starts one process a pod by its own runtime", () => {
    const { mlPolicy, template } = runtime.spec;
    expect(job.spec.runtimeRef).toEqual({ kind: runtime.kind, name: runtime.metadata.name });
    expect(mlPolicy.torch.numProcPerNode).toBe(1);
    expect(job.spec.trainer.numNodes).toBe(mlPolicy.numNodes);
    const [node] = template.spec.replicatedJobs;
    expect(node.name).toBe("node");
    expect(node.template.spec.template.spec.containers[0].name).toBe("node");
  });

  it("asks for an existing run with known keys", () => {
    const [command, ...words] = job.spec.trainer.args;
    expect(job.spec.trainer.command).toEqual([
      `${onlyInstruction("WORKDIR")}/node_modules/.bin/dsbm`,
    ]);
    expect(commands).toContain(command);
    const { members } = resolve(train, words);
    expect(members).toHaveLength(1);
  });
});
