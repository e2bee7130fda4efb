// Hashes of files that are kept for later runs.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch } from "../../../test/support/scratch.js";
import { DatasetError } from "../src/errors.js";
import { isWhole, sealFile, sealOf, writeSeal } from "../src/files/seal.js";

const folder = scratch();

it("tells a file that changed from one that is whole", async () => {
  const path = join(folder, "rows.npy");
  writeFileSync(path, "some bytes");
  expect(await isWhole(sealOf(path))).toBe(false);
  await sealFile(path);
  expect(await isWhole(sealOf(path))).toBe(true);
  appendFileSync(path, "x");
  expect(await isWhole(sealOf(path))).toBe(false);
});

it("says in one line where hashes cannot be stored", async () => {
  const path = join(folder, "rows.npy");
  const found = await writeSeal(join(folder, "none", "SUMS"), [[path, "a"]], "final/SUMS").catch(
    (error) => error,
  );
  expect(found).toBeInstanceOf(DatasetError);
  expect(found).toMatchObject({ code: "Unreadable" });
  expect(found.message).toMatch(/^final\/SUMS: hashes cannot be stored there \(ENOENT/);
});
