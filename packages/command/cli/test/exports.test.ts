// The list of public exports: `npm run tables` writes it after a change.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the package dsbm exports the names of exports.txt and no others", () => {
  const root = join(import.meta.dirname, "../../../..");
  const check = () =>
    execFileSync(process.execPath, ["scripts/exports-table.mjs", "--check"], { cwd: root });
  expect(check).not.toThrow();
});
