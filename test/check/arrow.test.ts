// The order of imports holds here, and its checker finds what it is there to find: each violation is
// planted in a small workspace of its own, with our very configuration.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const repo = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = join(repo, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");

/** Runs the checker as `npm run check` does; returns "rule file" for each violation, sorted. */
function cruise(root: string) {
  const args = [tool, "--config", ".dependency-cruiser.cjs", "packages"];
  const env = { ...process.env, FORCE_COLOR: "0" };
  const run = spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });
  const found = [...run.stdout.matchAll(/^ *error ([\w-]+): (\S+)/gm)];
  const files = Number(run.stdout.match(/(\d+) modules/)?.[1]);
  if (Number.isNaN(files)) throw new Error(`not the checker's output: ${run.stdout}${run.stderr}`);
  const violations = [...new Set(found.map(([, rule, file]) => `${rule} ${file}`))].sort();
  return { violations, status: run.status, files };
}

describe("the order of imports", () => {
  let root: string;
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "dsbm-arrow-"));
    mkdirSync(join(root, "scripts"));
    for (const file of [".dependency-cruiser.cjs", "scripts/packages.cjs", "tsconfig.base.json"]) {
      copyFileSync(join(repo, file), join(root, file));
    }
    const folders = ["app/config", "engine/torch", "app/runs", "library/bridge", "app/cli"];
    for (const folder of folders) {
      const name = folder === "app/cli" ? "dsbm" : `@dsbm/${folder.split("/")[1]}`;
      write(`packages/${folder}/package.json`, JSON.stringify({ name, type: "module" }));
      write(`packages/${folder}/src/index.ts`, "export const x = 1;\n");
    }
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("refuses imports against the arrow, back doors, dead ends and cycles", () => {
    // Down the arrow is fine.
    write(
      "packages/library/bridge/src/ok.ts",
      'import { x } from "@dsbm/torch";\nexport const y = x;\n',
    );
    const use = (name: string) => `import { x } from "${name}";\nexport const y = x;\n`;
    write("packages/engine/torch/src/up.ts", use("@dsbm/bridge"));
    write("packages/engine/torch/test/up.test.ts", use("@dsbm/bridge"));
    write("packages/library/bridge/src/door.ts", use("dsbm"));
    write(
      "packages/app/config/src/type.ts",
      'import type { x } from "@dsbm/runs";\nexport type Y = x;\n',
    );
    write("packages/library/bridge/src/back.ts", use("../../../engine/torch/src/index.js"));
    write("packages/app/runs/src/nothing.ts", use("./missing.js"));
    write("packages/app/runs/src/a.ts", 'import { b } from "./b.js";\nexport const a = () => b;\n');
    write("packages/app/runs/src/b.ts", 'import { a } from "./a.js";\nexport const b = () => a;\n');
    const { violations, status } = cruise(root);
    expect(violations).toEqual([
      "arrow-bridge packages/library/bridge/src/door.ts",
      "arrow-config packages/app/config/src/type.ts",
      "arrow-torch packages/engine/torch/src/up.ts",
      "arrow-torch-tests packages/engine/torch/test/up.test.ts",
      "no-back-door packages/library/bridge/src/back.ts",
      "no-cycle packages/app/runs/src/a.ts",
      "no-unresolved packages/app/runs/src/nothing.ts",
    ]);
    expect(status).not.toBe(0);
  });
});
