// Requests of the page that write: files, jobs, notes, deletion.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { type Studio, startStudio } from "../src/index.js";
import { programOf } from "./program.js";
import { writeRun } from "./runs.js";

/** Works until Ctrl-C, and says so in the folder of its run. */
const patientProgram = `
  const [, command, ...words] = process.argv;
  if (command === "look") console.log(JSON.stringify(words));
  else {
    const timer = setInterval(() => {}, 1000);
    process.on("SIGINT", () => {
      require("node:fs").writeFileSync(words[0] + "/stopped", "");
      clearInterval(timer);
      process.exitCode = 130;
    });
    console.error("working");
  }`;
const program = programOf([process.execPath, "-e", patientProgram]);

const folder = join(scratch(), "runs");
const [firstRun, secondRun] = ["moons/defaults/1", "moons/defaults/2"];
let studio: Studio;

beforeAll(async () => {
  for (const id of [firstRun, secondRun]) writeRun(join(folder, id));
  studio = await startStudio({ folder, port: 0, program });
});
afterAll(() => studio?.close());

/** What our page sends, and the answer. */
async function post(name: string, body: unknown, { address } = studio) {
  const { origin, pathname } = new URL(address);
  const answer = await fetch(`${address}api/${name}`, {
    method: "POST",
    headers: {
      origin,
      "x-studio-token": pathname.slice(1, -1),
      "content-type": "application/json",
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, value: answer.ok ? JSON.parse(text) : text };
}
const getJson = async (name: string, { address } = studio) =>
  (await fetch(`${address}api/${name}`)).json();
const jobState = async () => (await getJson("runs")).job?.state;

describe("a file of the page", () => {
  it("is kept whole under a plain name, and replaces no other", async () => {
    const names = ["Tag 2, neu.csv", "Tag 2, neu.csv", "$(rm -rf).tsv.gz", "-x=1.csv"];
    const paths = [];
    for (const name of names)
      paths.push((await post(`upload?name=${encodeURIComponent(name)}`, "a,b\n1,2\n")).value);
    expect(paths).toEqual([
      "uploads/Tag_2_neu.csv",
      "uploads/Tag_2_neu-2.csv",
      "uploads/rm_-rf_.tsv.gz",
      "uploads/x_1.csv",
    ]);
    expect(readFileSync(join(folder, paths[1]), "utf8")).toBe("a,b\n1,2\n");
    for (const own of ["data/prepared/a/facts.json", "sweeps/a/manifest.json"]) {
      const at = join(folder, dirname(own));
      mkdirSync(join(at, "logs"), { recursive: true });
      for (const name of [own, join(dirname(own), "rows.csv")])
        writeFileSync(join(folder, name), "");
    }
    const places = await getJson("files");
    expect(places.map(({ path }: { path: string }) => path)).toEqual(paths.toSorted());
  });

  it("leaves nothing if the connection breaks", async () => {
    const { port, pathname, host, origin } = new URL(studio.address);
    const before = readdirSync(join(folder, "uploads"));
    const socket = connect(Number(port), "127.0.0.1");
    const head = [
      `POST ${pathname}api/upload?name=half.csv HTTP/1.1`,
      `host: ${host}`,
      `origin: ${origin}`,
      `x-studio-token: ${pathname.slice(1, -1)}`,
      "content-length: 1000000",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\na,b\n`);
    await expect.poll(() => readdirSync(join(folder, "uploads")).length).toBe(before.length + 1);
    socket.destroy();
    await expect.poll(() => readdirSync(join(folder, "uploads"))).toEqual(before);
  });

  it("is looked at, if no link leads to it", async () => {
    const { value } = await post("look", { file: "uploads/x_1.csv" });
    expect(value).toEqual([join(folder, "uploads/x_1.csv"), "--json"]);
  });
});

describe("a job", () => {
  it("works alone, has a log, stops as by Ctrl-C, and makes room for the next one", async () => {
    expect((await post("extend", { run: firstRun, more: 2 })).value).toMatchObject({
      state: "running",
      command: "extend",
      text: `npx dsbm extend ${join(folder, firstRun)} +2`,
      runs: [firstRun],
    });
    await expect.poll(async () => (await getJson("runs")).job.log).toBe("working\n");
    for (const [name, body] of [
      ["extend", { run: secondRun, more: 2 }],
      ["look", { file: "uploads/x_1.csv" }],
    ] as const) {
      const { status, value } = await post(name, body);
      expect([status, value]).toEqual([
        400,
        "one thing at a time: dsbm extend is at work. Stop it, or wait for its end",
      ]);
    }
    expect((await post("delete", { run: firstRun })).status).toBe(400);
    await post("stop", {});
    await expect.poll(jobState).toBe("stopped");
    expect(existsSync(join(folder, firstRun, "stopped"))).toBe(true);
  });

  it.each([
    ["extend", "extend PLACE half_iterations=8"],
    ["train", "extend PLACE half_iterations=2"],
    ["gaussian", "extend PLACE half_iterations=2"],
    ["distill", "distill PLACE out=PLACE"],
  ])(
    "resumes an interrupted %s in its folder, and takes no place from run.json",
    async (command, text) => {
      const id = `${command}/defaults/1`;
      writeRun(join(folder, id), { state: "interrupted" });
      const path = join(folder, id, "run.json");
      const info = JSON.parse(readFileSync(path, "utf8"));
      const overrides = { half_iterations: 8, out: "/etc" };
      const request = { command, arguments: ["/etc"], overrides };
      writeFileSync(path, JSON.stringify({ ...info, request }));
      const { value } = await post("resume", { run: id });
      expect(value.text).toBe(`npx dsbm ${text.replaceAll("PLACE", join(folder, id))}`);
      await expect.poll(async () => (await getJson("runs")).job.log).toBe("working\n");
      await post("stop", {});
      await expect.poll(jobState).toBe("stopped");
    },
  );

  it("resumes a fit of files of the folder into the same run only", async () => {
    const id = "fit/defaults/7";
    writeRun(join(folder, id), { state: "interrupted", seed: 7 });
    const path = join(folder, id, "run.json");
    const info = JSON.parse(readFileSync(path, "utf8"));
    const resume = async (files: string[], seed: number, command = "fit") => {
      const request = command && { command, arguments: files, overrides: { seed } };
      writeFileSync(path, JSON.stringify({ ...info, request: request || null }));
      return post("resume", { run: id });
    };
    const inner = join(folder, "uploads/x_1.csv");
    expect((await resume(["/etc/passwd"], 7)).value).toMatch(/not in the folder of the studio/);
    expect((await resume([join(folder, "uploads/../../x.csv")], 7)).status).toBe(400);
    expect((await resume([inner], 7, "doctor")).status).toBe(400);
    expect((await resume([], 7, "")).value).toMatch(/made by a program/);
    expect((await resume([inner], 8)).value).toMatch(/was moved/);
    expect((await resume([inner], 7)).value).toMatchObject({ command: "fit", runs: [id] });
    await expect.poll(async () => (await getJson("runs")).job.log).toBe("working\n");
    await post("stop", {});
    await expect.poll(jobState).not.toBe("stopping");
  });

  const file = "uploads/x_1.csv";
  const table = join(folder, file);
  const outputOf = (name: string) => join(folder, firstRun, "outputs", name);
  it.each([
    ["fit", { files: [file, file], options: { seed: "3,4" } }, `${table} ${table} seed=3,4`],
    [
      "annotate",
      { run: firstRun, file, at: "", fate: "" },
      `${join(folder, firstRun)} ${table} ${outputOf("x_1_annotated.csv")} overwrite=true`,
    ],
    [
      "annotate",
      { run: firstRun, file, at: "2.5", fate: "type" },
      `${join(folder, firstRun)} ${table} ${outputOf("x_1_annotated_2_5.csv")} at=2.5 fate=type overwrite=true`,
    ],
  ])("is the command dsbm %s of %j", async (name, body, words) => {
    const { value } = await post(name, body);
    expect(value).toMatchObject({
      text: `npx dsbm ${name} ${words}`,
      runs: name === "fit" ? ["fit/defaults/3", "fit/defaults/4"] : [firstRun],
    });
    await expect.poll(async () => (await getJson("runs")).job.log).toBe("working\n");
    await post("stop", {});
    await expect.poll(jobState).not.toBe("stopping");
  });

  it("that ends by a bug says its error without the stack trace", async () => {
    const broken = programOf([process.execPath, "-e", "null.x"]);
    const other = await startStudio({ folder, port: 0, program: broken });
    const { status, value } = await post("look", { file }, other);
    expect([status, value]).toEqual([400, expect.stringMatching(/TypeError: .* null.*$/)]);
    await post("extend", { run: firstRun, more: 2 }, other);
    const job = async () => (await getJson("runs", other)).job;
    await expect.poll(async () => (await job()).state).toBe("failed");
    expect((await job()).lastLine).toMatch(/^TypeError: /);
    await other.close();
  });

  it.each([
    ["SIGINT", "stopped"],
    ["SIGKILL", "failed"],
  ])("that does not handle %s is %s by it", async (signal, state) => {
    const dying = programOf([process.execPath, "-e", `process.kill(process.pid, "${signal}")`]);
    const other = await startStudio({ folder, port: 0, program: dying });
    await post("extend", { run: firstRun, more: 2 }, other);
    await expect.poll(async () => (await getJson("runs", other)).job.state).toBe(state);
    await other.close();
  });

  it("is no sweep of more runs than a page compares", async () => {
    const seeds = Array.from({ length: 33 }, (_, i) => i).join();
    const { status, value } = await post("fit", { files: [file, file], options: { seed: seeds } });
    expect([status, value]).toEqual([400, expect.stringMatching(/make 33 runs.* at most 32/)]);
  });

  it("ends with the studio, as by Ctrl-C", async () => {
    const other = await startStudio({ folder, port: 0, program });
    await post("extend", { run: secondRun, more: 2 }, other);
    await expect.poll(async () => (await getJson("runs", other)).job.log).toBe("working\n");
    await other.close();
    expect(existsSync(join(folder, secondRun, "stopped"))).toBe(true);
  });
});

describe("a run", () => {
  it("has a note until it is empty", async () => {
    const noteOf = async () =>
      (await getJson("runs")).rows.find(({ id }: { id: string }) => id === firstRun).note;
    await post("note", { run: firstRun, note: "<b>good</b>\nagain" });
    expect(await noteOf()).toBe("<b>good</b>\nagain");
    await post("note", { run: firstRun, note: " " });
    expect([await noteOf(), existsSync(join(folder, firstRun, "note.txt"))]).toEqual(["", false]);
  });

  it("is deleted with the empty folders above it", async () => {
    const id = "gone/sigma=1/1";
    writeRun(join(folder, id));
    mkdirSync(join(folder, id, "models"));
    expect(await post("delete", { run: id })).toEqual({ status: 200, value: null });
    expect(readdirSync(folder)).not.toContain("gone");
    await post("delete", { run: secondRun });
    expect(existsSync(join(folder, firstRun))).toBe(true);
  });

  it("says which of its evaluations with other steps is damaged", async () => {
    mkdirSync(join(folder, firstRun, "outputs"), { recursive: true });
    const path = join(folder, firstRun, "outputs/evaluation-sde-10.json");
    writeFileSync(path, '{"rows":[3]}');
    const [{ evaluations, problems }] = await getJson(`run?run=${firstRun}`);
    rmSync(path);
    expect(evaluations).toEqual([]);
    expect(problems).toContainEqual(
      expect.stringMatching(/evaluation-sde-10\.json.*: evaluate again with sde, 10 steps/),
    );
  });

  it("gives its outputs as files, never as pages", async () => {
    mkdirSync(join(folder, firstRun, "outputs"), { recursive: true });
    writeFileSync(join(folder, firstRun, "outputs/a.html"), "<script>alert(1)</script>");
    const answer = await fetch(`${studio.address}api/output?run=${firstRun}&file=outputs/a.html`);
    expect(await answer.text()).toBe("<script>alert(1)</script>");
    expect(answer.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''a.html");
    expect(answer.headers.get("content-security-policy")).toMatch(/^sandbox;/);
  });
});

it("a studio that only shows refuses every request that writes", async () => {
  const shown = await startStudio({ folder, port: 0, program, isReadOnly: true });
  const before = readdirSync(folder);
  const requests = ["look", "plan", "fit", "stop", "resume", "extend", "sample", "annotate"];
  for (const name of [
    ...requests,
    "draws",
    "evaluate",
    "export",
    "note",
    "delete",
    "upload?name=a.csv",
  ]) {
    const { status, value } = await post(name, { run: firstRun }, shown);
    expect([name, status, value]).toEqual([
      name,
      403,
      "this studio only shows: start it without --read-only",
    ]);
  }
  expect(await getJson("runs", shown)).toMatchObject({ isReadOnly: true, job: null });
  await shown.close();
  expect(readdirSync(folder)).toEqual(before);
});
