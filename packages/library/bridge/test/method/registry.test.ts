// Every method of this folder is registered under the name that configurations have.
import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { methodNamed, methods } from "../../src/method/index.js";
import type { Method } from "../../src/method/method.js";

const folder = new URL("../../src/method/", import.meta.url);
const isMethod = (value: unknown): value is Method =>
  typeof value === "object" && value !== null && "predicts" in value && "networks" in value;

it("has every method of the folder, each under its own name", async () => {
  const files = readdirSync(folder).filter((file) => !["index.ts", "method.ts"].includes(file));
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<Record<string, unknown>>),
  );
  const found = modules.flatMap((module) => Object.values(module)).filter(isMethod);
  expect(found.length).toBeGreaterThan(6);
  const missing = found.filter(({ name }) => !Object.hasOwn(methods, name));
  expect(missing.map(({ name }) => name)).toEqual([]);
  for (const name of Object.keys(methods))
    expect(methodNamed(name, { gammas: [0.5, 0.5], components: 3 }).name).toBe(name);
});
