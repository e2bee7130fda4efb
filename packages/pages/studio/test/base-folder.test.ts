// Where commands on a run work, and the new bridge with the files and options of its fit.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { type Studio, startStudio } from "../src/index.js";
import { programOf } from "./program.js";
import { writeRun } from "./runs.js";
import { sendTo } from "./send.js";

const root = scratch();
const folder = join(root, "project/experiments");
let studio: Studio;

beforeAll(async () => {
  mkdirSync(join(folder, "inner"), { recursive: true });
  for (const path of ["project/day.csv", "project/experiments/inner/night.csv", "far.csv"])
    writeFileSync(join(root, path), "");
  const program = programOf([process.execPath, "-e", "console.error(process.cwd())"]);
  studio = await startStudio({ folder, port: 0, program });
});
afterAll(() => studio?.close());

const getJson = async (name: string) => (await fetch(`${studio.address}api/${name}`)).json();

it.each([
  ["the parent of the studio's folder", "day.csv", "project", null],
  ["a folder below", "night.csv", "project/experiments/inner", "inner/night.csv"],
  ["the working folder if no folder above it has its data", "no.csv", null, null],
  ["no folder farther above", "far.csv", null, null],
  [
    "the working folder if its paths are absolute",
    join(folder, "inner/night.csv"),
    null,
    "inner/night.csv",
  ],
])("a command on a run works in %s", async (_, path, base, file) => {
  const run = "inner/moons/1";
  writeRun(join(folder, run), { source: `table:${path}`, target: `table:${path}` });
  const place = join(folder, run, "run.json");
  const info = JSON.parse(readFileSync(place, "utf8"));
  const request = { command: "fit", arguments: [path, path], overrides: { seed: 7 } };
  writeFileSync(place, JSON.stringify({ ...info, request }));
  const { origin, port, pathname } = new URL(studio.address);
  const { status } = await sendTo(Number(port), {
    path: `${pathname}api/extend`,
    method: "POST",
    headers: {
      origin,
      "x-studio-token": pathname.slice(1, -1),
      "content-type": "application/json",
    },
    body: JSON.stringify({ run, more: 2 }),
  });
  expect(status).toBe(200);
  await expect.poll(async () => (await getJson("runs")).job.state).toBe("finished");
  const { job } = await getJson("runs");
  expect(job.log).toBe(`${base === null ? process.cwd() : join(root, base)}\n`);
  const [{ fit }] = await getJson(`run?run=${run}`);
  expect(fit).toEqual(file && { files: [file, file], options: { seed: "7" } });
});
