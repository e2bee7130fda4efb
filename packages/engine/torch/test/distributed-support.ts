// What tests of several processes share. fixtures/rank.mjs is what each process runs.
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Outcome } from "../../../../test/support/ranks.js";

export const program = fileURLToPath(new URL("./fixtures/rank.mjs", import.meta.url));

/** All ended by themselves, without output on stderr. */
export function wentWell(all: Outcome[]): void {
  for (const { said, exit, errors } of all) {
    expect([said.failed, exit, errors]).toEqual([undefined, 0, ""]);
    expect(said.ended).toBe(true);
  }
}
