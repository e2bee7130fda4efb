// Requests that mean harm, and run folders of strangers: everything is refused or shown as text, nothing is run, and
// nothing outside the folder is read.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { pathBelow } from "../src/files/inside.js";
import { type Studio, startStudio } from "../src/index.js";
import { programOf } from "./program.js";
import { writeRun } from "./runs.js";
import { type Sent, sendTo } from "./send.js";

const root = scratch();
const folder = join(root, "runs");
const secretText = "the content of a file outside";
const goodRun = "moons/defaults/1";
let studio: Studio;
let [port, token] = [0, ""];

beforeAll(async () => {
  writeFileSync(join(root, "secret.txt"), secretText);
  writeRun(join(folder, goodRun));
  mkdirSync(join(folder, goodRun, "samples"));
  writeFileSync(join(folder, goodRun, "samples/a.png"), "a picture");
  writeFileSync(join(folder, goodRun, "report.html"), "<script>alert(1)</script>");
  mkdirSync(join(folder, "odd #%?/1"), { recursive: true });
  for (const place of ["", "odd #%?/1"])
    writeFileSync(join(folder, place, "report.html"), "of parts");
  symlinkSync(join(root, "secret.txt"), join(folder, goodRun, "samples/link.png"));
  execFileSync("mkfifo", [join(folder, goodRun, "samples/pipe.png")]);
  writeRun(join(root, "outside/moons/1"));
  writeFileSync(join(root, "outside/report.html"), secretText);
  symlinkSync(join(root, "outside"), join(folder, "linked"));
  writeRun(join(folder, "links/defaults/1"));
  symlinkSync(root, join(folder, "links/defaults/1/samples"));
  writeFileSync(join(root, "x.png"), secretText);
  studio = await startStudio({ folder, port: 0, program: programOf(["false"]) });
  const address = new URL(studio.address);
  [port, token] = [Number(address.port), address.pathname.slice(1, -1)];
});
afterAll(() => studio?.close());

/** A request to this studio. */
const send = (sent: Sent) => sendTo(port, sent);

const api = (name: string) => `/${token}/api/${name}`;
const picture = (run: string, file: string) => api(`picture?run=${run}&file=${file}`);

describe("a valid request", () => {
  it("is answered", async () => {
    for (const name of ["", "page.js", "api/runs", `api/run?run=${goodRun}`])
      expect((await send({ path: `/${token}/${name}` })).status, name).toBe(200);
    expect((await send({ path: `/${token}/page.js` })).text.length).toBeLessThan(300_000);
    expect((await send({ path: picture(goodRun, "samples/a.png") })).text).toBe("a picture");
    for (const place of ["", "odd%20%23%25%3F/1/"])
      expect((await send({ path: api(`reports/${place}report.html`) })).text).toBe("of parts");
    const localhost = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
    expect((await send({ path: api("runs"), headers: localhost })).status).toBe(200);
  });

  it("runs no script: policies forbid it in our page and in files of runs", async () => {
    const own = await send({ path: `/${token}/` });
    const policy = String(own.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|https?:/);
    const { headers } = await send({ path: api(`reports/${goodRun}/report.html`) });
    expect(headers["content-security-policy"]).toMatch(/^sandbox; default-src 'none'/);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });
});

const runsWith = (headers: Record<string, string>, method = "GET") => ({
  path: api("runs"),
  method,
  headers,
});
const evilOrigin = "http://evil.example";
const outsidePath = () => encodeURIComponent(join(root, "outside/moons/1"));

/** Each with its name: a path or a request, made when the token is known. */
const hostileRequests: [name: string, sent: () => string | Sent][] = [
  ["no token", () => "/"],
  ["no token, the table", () => "/api/runs"],
  ["a wrong token", () => `/${"A".repeat(32)}/api/runs`],
  ["a part of the token", () => `/${token.slice(0, 16)}/api/runs`],
  ["the token and more", () => `/${token}A/api/runs`],
  ["the token in the query", () => `/api/runs?token=${token}`],
  ["an encoded slash after the token", () => `/${token}%2fapi%2fruns`],
  ["a foreign host", () => runsWith({ host: "evil.example" })],
  ["a host that begins like ours", () => runsWith({ host: "127.0.0.1.evil.example" })],
  ["a host with a user", () => runsWith({ host: "127.0.0.1@evil.example" })],
  ["a foreign origin", () => runsWith({ origin: evilOrigin })],
  ["the origin null", () => runsWith({ origin: "null" })],
  ["another port's origin", () => runsWith({ origin: "http://127.0.0.1:1" })],
  ["https of our host", () => runsWith({ origin: `https://127.0.0.1:${port}` })],
  [
    "a foreign page that plays",
    () => ({ path: api(`play?run=${goodRun}`), headers: { origin: evilOrigin } }),
  ],
  ["DELETE", () => ({ path: api(`run?run=${goodRun}`), method: "DELETE" })],
  ["OPTIONS of a foreign page", () => runsWith({ origin: evilOrigin }, "OPTIONS")],
  ["TRACE", () => runsWith({}, "TRACE")],
  [".. in the path", () => `/${token}/../../etc/passwd`],
  [".. encoded in the path", () => `/${token}/%2e%2e/%2e%2e/etc/passwd`],
  [".. encoded twice", () => `/${token}/%252e%252e/etc/passwd`],
  [".. with backslashes", () => `/${token}/..\\..\\etc\\passwd`],
  ["a run above the folder", () => api("run?run=../outside/moons/1")],
  ["a run above it, encoded", () => api("run?run=%2e%2e%2foutside%2fmoons%2f1")],
  ["a run above it, encoded twice", () => api("run?run=%252e%252e%252foutside/moons/1")],
  ["a run with .. in between", () => api("run?run=moons/../../outside/moons/1")],
  ["an absolute run", () => api(`run?run=${outsidePath()}`)],
  ["a run with NUL", () => api(`run?run=${goodRun}%00`)],
  ["a run of overlong UTF-8", () => api("run?run=%c0%ae%c0%ae/outside/moons/1")],
  ["a run of half an escape", () => api("run?run=%")],
  ["a run behind a link", () => api("run?run=linked/moons/1")],
  [
    "a run behind a link with one that is there",
    () => api(`run?run=${goodRun}&run=linked/moons/1`),
  ],
  ["a very long run", () => api(`run?run=${"a/".repeat(4000)}`)],
  ["a picture that is a link", () => picture(goodRun, "samples/link.png")],
  ["a picture that is a pipe", () => picture(goodRun, "samples/pipe.png")],
  ["a picture in a linked folder", () => picture("links/defaults/1", "samples/x.png")],
  ["a picture above the folder", () => picture(goodRun, "samples/../../../../../x.png")],
  ["a picture that is a configuration", () => picture(goodRun, "config.json")],
  ["a picture with NUL", () => picture(goodRun, "samples/a.png%00.png")],
  ["a report of a run that is not there", () => api("reports/nowhere/report.html")],
  ["a report above the folder", () => api("reports/%2e%2e%2foutside/report.html")],
  ["a report behind a link", () => api("reports/linked/report.html")],
  ["a report that is a configuration", () => api(`reports/${goodRun}/config.json`)],
  ["a huge body", () => ({ path: api("runs"), method: "POST", body: Buffer.alloc(4 << 20, 32) })],
  ["the player of no run", () => api("play?run=no")],
  ["the player of a run above the folder", () => api("play?run=../outside/moons/1")],
  ["PUT", () => runsWith({}, "PUT")],
  ["huge headers", () => runsWith({ cookie: "a".repeat(20 << 10) })],
];

describe("a hostile request", () => {
  it.each(hostileRequests)("is refused: %s", async (_, sent) => {
    const given = sent();
    const { status, text } = await send(typeof given === "string" ? { path: given } : given);
    const isRefused = status === 0 || (status >= 400 && status < 500);
    expect(isRefused, `${status} ${text.slice(0, 80)}`).toBe(true);
    expect(text).not.toContain(secretText);
    expect(text).not.toContain("root:");
    expect(text).not.toContain("    at ");
  });

  it("is refused: bytes that are no request", async () => {
    const answer = await new Promise<string>((done) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("\0\0 / NONSENSE\r\n\r\n"));
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => done(text));
      socket.on("error", () => done(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect((await send({ path: api("runs") })).status).toBe(200);
  });

  it("writes nothing", () => {
    expect(readdirSync(folder).sort()).toEqual([
      "linked",
      "links",
      "moons",
      "odd #%?",
      "report.html",
    ]);
  });
});

it("an export that fails says so", async () => {
  const { status, text } = await send({ path: api(`play?run=${goodRun}`) });
  expect([status, text]).toEqual([400, "dsbm export ended with 1"]);
});

describe("runs of strangers", () => {
  const at = (name: string) => join(folder, "strangers", name, "1");

  it("are rows of text, whatever their files hold", async () => {
    const evil = "<img src=x onerror=alert(1)>";
    writeRun(at(evil), { name: evil, method: evil, state: "failed", reason: evil });
    const hold = (name: string, files: Record<string, string>) => {
      mkdirSync(at(name), { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(at(name), file), text);
    };
    hold("types", {
      "run.json": '{"state":"running","started":{"a":1},"reason":[1],"resumed":7,"environment":3}',
      "config.json": '{"method":{"a":[1]},"seed":[2],"half_iterations":"x","data":null}',
      "results.csv": 'half_iteration,direction\n"open',
      "metrics.jsonl": '[1]\n"a"\nnull\n{"half_iteration":"x"}\n',
      "quality.json": '{"rows":{"a":1}}',
      "choices.json": "7",
    });
    hold("deep", { "run.json": `${"[".repeat(50_000)}` });
    hold("proto", { "run.json": '{"state":"__proto__","__proto__":{"state":"finished"}}' });
    const { text, status } = await send({ path: api("runs") });
    expect(status).toBe(200);
    const rows = (JSON.parse(text) as { rows: { id: string; state: string; name: string }[] }).rows;
    const of = (name: string) => rows.find(({ id }) => id === `strangers/${name}/1`);
    expect(of(evil)).toMatchObject({ state: "failed", name: evil });
    for (const name of ["types", "deep", "proto"]) expect(of(name)?.state, name).toBe("unreadable");
    for (const name of [evil, "types", "deep", "proto"]) {
      const path = api(`run?run=${encodeURIComponent(`strangers/${name}/1`)}`);
      expect((await send({ path })).status, name).toBe(200);
    }
  });
});

it("silent connections are closed, and block no page", async () => {
  const silent = Array.from({ length: 1000 }, () => connect(port, "127.0.0.1"));
  for (const socket of silent) socket.on("error", () => {});
  for (let i = 0; i < 20; i++) expect((await send({ path: api("runs") })).status).toBe(200);
  for (const socket of silent) socket.destroy();
});

it.each([
  ["C:\\runs", "\\", "C:\\runs\\a\\b"],
  ["C:\\", "\\", "C:\\a\\b"],
  ["/runs", "/", "/runs/a/b"],
  ["/", "/", "/a/b"],
])("a/b below %s with the separator %s is %s", (root, separator, path) =>
  expect(pathBelow(root, "a/b", separator)).toBe(path),
);
