// Forged requests that write, and paths of requests that leave the folder: each is refused, and nothing is written.
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { type Studio, startStudio } from "../src/index.js";
import { programOf } from "./program.js";
import { writeRun } from "./runs.js";
import { type Sent, sendTo } from "./send.js";

const root = scratch();
const folder = join(root, "runs");
const goodRun = "moons/defaults/1";
const evilOrigin = "http://evil.example";
let studio: Studio;
let [port, token] = [0, ""];

beforeAll(async () => {
  writeFileSync(join(root, "secret.txt"), "a secret");
  writeRun(join(folder, goodRun));
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data/a.csv"), "a,b\n1,2\n");
  symlinkSync(join(root, "secret.txt"), join(folder, "data/link.csv"));
  writeRun(join(root, "outside/moons/1"));
  symlinkSync(join(root, "outside"), join(folder, "linked"));
  writeRun(join(folder, "links/defaults/1"));
  symlinkSync(root, join(folder, "links/defaults/1/samples"));
  symlinkSync(root, join(folder, "sweeps"));
  studio = await startStudio({ folder, port: 0, program: programOf(["true"]) });
  const address = new URL(studio.address);
  [port, token] = [Number(address.port), address.pathname.slice(1, -1)];
});
afterAll(() => studio?.close());

const api = (name: string) => `/${token}/api/${name}`;

/** A request that writes, as our page sends it, with other headers; "" leaves one out. */
const writing = (
  name: string,
  body: unknown,
  headers: Record<string, string> = {},
): (() => Sent) => {
  return () => ({
    path: api(name),
    method: "POST",
    headers: Object.fromEntries(
      Object.entries({
        origin: `http://127.0.0.1:${port}`,
        "x-studio-token": token,
        "content-type": "application/json",
        ...headers,
      }).filter(([, value]) => value !== ""),
    ),
    body: JSON.stringify(body),
  });
};

const note = { run: goodRun, note: "x" };
const csv = (name: string) => writing(`upload?name=${encodeURIComponent(name)}`, "a,b");

/** Requests that write: forged ones, and paths that leave the folder. */
const hostileWrites: [name: string, sent: () => string | Sent][] = [
  ["a note without the page's token", writing("note", note, { "x-studio-token": "" })],
  ["a note with a wrong token", writing("note", note, { "x-studio-token": "A".repeat(32) })],
  ["a note without an origin", writing("note", note, { origin: "" })],
  ["a note of a foreign page", writing("note", note, { origin: evilOrigin })],
  ["a note of the origin null", writing("note", note, { origin: "null" })],
  ["a note of a foreign host", writing("note", note, { host: "evil.example" })],
  [
    "a note of a foreign host and its page",
    writing("note", note, { host: "evil.example", origin: evilOrigin }),
  ],
  ["a note on a run above the folder", writing("note", { ...note, run: "../outside/moons/1" })],
  ["a note on a run behind a link", writing("note", { ...note, run: "linked/moons/1" })],
  ["a note on a run with links in it", writing("note", { ...note, run: "links/defaults/1" })],
  ["a note of another type", writing("note", { run: goodRun, note: { toString: 1 } })],
  ["a note that is too long", writing("note", { run: goodRun, note: "x".repeat(1 << 20) })],
  ["a body that is too long", writing("note", { run: goodRun, note: "x".repeat(5 << 20) })],
  ["the deletion of the folder", writing("delete", { run: "" })],
  ["the deletion of a folder above", writing("delete", { run: ".." })],
  ["the deletion of no run", writing("delete", { run: "moons" })],
  ["the deletion of a run behind a link", writing("delete", { run: "linked/moons/1" })],
  ["a fit of a file above the folder", writing("fit", { files: ["../secret.txt"], options: {} })],
  ["a fit of a link", writing("fit", { files: ["data/link.csv"], options: {} })],
  ["a fit of no files", writing("fit", { files: [], options: {} })],
  ["a fit of an option instead of a file", writing("fit", { files: ["--plan"], options: {} })],
  [
    "a sample of a file above the folder",
    writing("sample", { run: goodRun, file: "../secret.txt", direction: "f", steps: null }),
  ],
  [
    "an annotation of a link",
    writing("annotate", { run: goodRun, file: "data/link.csv", at: "", fate: "" }),
  ],
  [
    "a sweep behind a link",
    writing("fit", { files: ["data/a.csv", "data/a.csv"], options: { seed: "1,2" } }),
  ],
  [
    "a sample in another direction",
    writing("sample", { run: goodRun, file: "data/a.csv", direction: "--x", steps: null }),
  ],
  ["a file with a path", csv("../evil.csv")],
  ["a file with an absolute path", csv("/tmp/evil.csv")],
  ["a file with a path of Windows", csv("..\\evil.csv")],
  ["a file with NUL", csv("evil\0.csv")],
  ["a hidden file", csv(".bashrc.csv")],
  ["a file of another format", csv("evil.sh")],
  ["a file without a name", csv("")],
  ["a very long name", csv(`${"a".repeat(5000)}.csv`)],
  ["a request of no name", writing("nothing", {})],
  ["a request of a method of objects", writing("constructor", {})],
  ["an output that is a configuration", () => api(`output?run=${goodRun}&file=config.json`)],
  ["an output above its folder", () => api(`output?run=${goodRun}&file=outputs/../config.json`)],
];

const refusal = async (sent: () => string | Sent) => {
  const given = sent();
  const { status, text } = await sendTo(port, typeof given === "string" ? { path: given } : given);
  expect(status === 0 || (status >= 400 && status < 500), `${status} ${text.slice(0, 80)}`).toBe(
    true,
  );
  expect(text).not.toContain("a secret");
  expect(text).not.toContain("    at ");
};

describe("a forged request", () => {
  it.each(hostileWrites)("is refused: %s", (_, sent) => refusal(sent));

  it("writes nothing", () => {
    expect(readdirSync(folder).sort()).toEqual(["data", "linked", "links", "moons", "sweeps"]);
    expect(readdirSync(join(folder, goodRun))).not.toContain("note.txt");
    expect(readdirSync(join(root, "outside/moons/1"))).not.toContain("note.txt");
  });

  it("is refused for its faults alone: the same request of our page is answered", async () => {
    const valid = writing("note", note)();
    expect((await sendTo(port, valid)).status).toBe(200);
    const fit = writing("fit", { files: ["data/a.csv"], options: {} })();
    expect((await sendTo(port, fit)).status).toBe(200);
  });
});
