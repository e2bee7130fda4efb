// What tests of several processes share. fixtures/rank.mjs is what each process runs.
import { networkInterfaces } from "node:os";
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

/** An address of this machine that others can reach, if there is one, on Linux. */
export const external =
  process.platform === "linux"
    ? Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .find(({ internal, family }) => !internal && family === "IPv4")?.address
    : undefined;
