// Real Gloo processes on the loopback: their collectives, and what the others say when one is missing, dies, or
// wants something else. fixtures/rank.mjs is what each process runs.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as support from "../../../../test/support/ranks.js";
import { scratch } from "../../../../test/support/scratch.js";
import { Store } from "../src/distributed/store.js";
import { program, wentWell } from "./distributed-support.js";

const { freePort } = support;
const rank = support.rank.bind(null, program);
const ranks = support.ranks.bind(null, program);
/**
 * Ranks of a successful scenario, after which processes can continue: they play the next one too.
 */
async function runScenario(n: number, scenario: string) {
  const options = { scenario, timeoutMs: 20_000 };
  const all = await support.ranks(program, n, options, () => ({}), support.residentRank);
  wentWell(all);
  return all;
}

const folder = scratch();

const failureOf = (message: RegExp, blamed: number[]) => ({
  error: expect.stringMatching(message),
  code: "ERR_TORCH_DISTRIBUTED",
  ranks: blamed,
});

describe("collectives", () => {
  it("of three processes", async () => {
    const n = 3;
    const all = await runScenario(n, "collectives");
    const sum = (f: (r: number) => number) => all.reduce((s, _, r) => s + f(r), 0);
    const triangle = sum((r) => r);
    for (const { said } of all) {
      const reduced = {
        sum: [triangle + n, triangle ? -triangle : 0, 2 * n],
        max: [n, 0, 2],
      };
      for (const [op, value] of Object.entries(reduced))
        expect(said[op].map((x: number) => x + 0)).toEqual(value);
      for (const dtype of ["float64", "float16", "bfloat16", "int64", "int32", "int8", "uint8"])
        expect(said[dtype]).toEqual([n, n, n]);
      const turned = [0, 3, 1, 4, 2, 5].map((x) => n * x + triangle);
      expect(said.strided).toEqual([true, turned]);
      expect(said.scalar).toEqual([triangle]);
      expect(said.empty).toEqual([0, 3]);
      expect(said.broadcast).toEqual([n, -(n - 1), 2]);
      expect(said["broadcast strided"]).toEqual([1, 0, 2, 1, 0, 2]);
      const everyone = all.flatMap((_, s) => [s, 10 * s]);
      expect(said.gather).toEqual([[n, 1, 2], everyone]);
      expect(said.objects).toEqual(all.map((_, s) => ({ rank: s, text: "é".repeat(s) })));
      expect(said.object).toEqual([1, { a: null }]);
      expect(said.parameter).toEqual([true, true, true]);
    }
  });

  it("are part of a recorded program, and exchange again at each replay", async () => {
    const all = await runScenario(2, "recorded");
    for (const { said } of all) {
      for (let i = 0; i < 4; i++) expect(said[`step ${i}`]).toEqual(Array(4).fill(1.5 * (i + 1)));
      expect(said.weights).toEqual(Array(4).fill(1 - 15));
      expect(said.operations).toEqual(["dsbm::all_reduce_", "dsbm::wait_"]);
    }
  });

  it("average the gradients of shares to the gradients of the whole batch", async () => {
    const all = await ranks(2, { scenario: "gradients", timeoutMs: 20_000 });
    wentWell(all);
    for (const { said } of all) {
      expect(said.eager).toBeLessThan(1e-7);
      expect(said.recorded).toBeLessThan(1e-7);
      expect(said.kept).toBe(0);
    }
  });
});

describe("a rank that fails", () => {
  it("by SIGKILL in an allReduce is named by all others at once, whatever they were doing", async () => {
    const all = await ranks(4, { scenario: "killed", timeoutMs: 20_000 });
    expect(all[1]?.exit).toBe("SIGKILL");
    for (const r of [0, 2, 3]) {
      const { said, exit, errors } = all[r];
      expect(said.first).toEqual(failureOf(/^allReduce: rank 1 is gone/, [1]));
      // Its process is seen to be gone, without the wait of 20 s for silent ranks.
      expect(said.waited).toBeLessThan(15_000);
      expect(said.after).toEqual(
        failureOf(/the group failed before .*start the processes again/, [1]),
      );
      expect(said.barrier).toEqual(failureOf(/^barrier: the group failed before/, [1]));
      expect([exit, errors]).toEqual([0, ""]);
    }
  });

  it("by coming late makes all others fail after the time-out", async () => {
    const all = await ranks(4, { scenario: "late", timeoutMs: 2000, joinTimeoutMs: 20_000 });
    for (const { said, exit } of all.slice(0, 3)) {
      expect(said.late).toMatchObject({ code: "ERR_TORCH_DISTRIBUTED" });
      expect(exit).toBe(0);
    }
    // The late one finds that the others have left.
    expect(all[3]?.said.late).toMatchObject({ code: "ERR_TORCH_DISTRIBUTED" });
    expect(all[3]?.exit).toBe(0);
  });
});

describe("joining", () => {
  // On a busy machine one process may start seconds after the other.
  const joined = { scenario: "joined", timeoutMs: 20_000, joinTimeoutMs: 12_000 };

  // Side by side, since each waits for a time-out.
  it.concurrent("names the ranks that never come", async () => {
    const all = await ranks(2, joined, () => ({ WORLD_SIZE: "4" }));
    for (const { said, exit } of all) {
      expect(said.failed).toEqual(
        failureOf(/ranks 2 and 3 of 4 did not come within \d+ ms: start 4 processes/, [2, 3]),
      );
      expect(exit).toBe(1);
    }
  });

  it.concurrent("refuses a rank that joins twice", async () => {
    const twice = await ranks(3, joined, (r) => (r === 2 ? { RANK: "1" } : {}));
    const errors = twice.map(({ said }) => said.failed.error).sort();
    expect(errors[0]).toMatch(/^rank 1 is there twice: process \d+ on .* has it already/);
    for (const error of errors.slice(1)) expect(error).toMatch(/^rank 2 of 3 did not come/);
  });

  it.concurrent("says that another job has the port, and by which variable to change it", async () => {
    const variables = { WORLD_SIZE: "2", MASTER_ADDR: "127.0.0.1", RANK: "0" };
    const port = String(await freePort());
    const alone = () => rank(joined, { ...variables, MASTER_PORT: port });
    const [first, second] = await Promise.all([alone(), alone()]);
    const texts = [first, second].map(({ said }) => said.failed.error).sort();
    expect(texts[0]).toMatch(new RegExp(`port ${port} is in use by process.*MASTER_PORT`));
    expect(texts[1]).toMatch(/rank 1 of 2 did not come/);
  });

  it("names the rank with another WORLD_SIZE, and the facts in which ranks differ", async () => {
    const sizes = await ranks(2, joined, (r) => ({ WORLD_SIZE: String(2 + r) }));
    for (const { said } of sizes) {
      expect(said.failed).toMatchObject({ code: "ERR_TORCH_DISTRIBUTED" });
      expect(said.failed.error).toMatch(/has WORLD_SIZE=\d, rank \d has WORLD_SIZE=\d/);
    }
    const variables = {
      WORLD_SIZE: "2",
      MASTER_ADDR: "localhost",
      MASTER_PORT: `${await freePort()}`,
    };
    const terms = await Promise.all(
      [0, 1].map((r) =>
        rank({ ...joined, terms: { lr: r === 0 ? 0.1 : 0.2 } }, { ...variables, RANK: `${r}` }),
      ),
    );
    for (const { said } of terms) expect(said.failed.error).toMatch(/has lr=0\.\d.* has lr=0\.\d/);
  });

  it("does not listen on the port: a listener there changes nothing, whatever it sends", async () => {
    const stranger = createServer((socket) => socket.on("error", () => {}));
    const port = await new Promise<number>((resolve) => {
      stranger.listen(0, () => resolve((stranger.address() as { port: number }).port));
    });
    const play = (variables: object) =>
      support.ranks(program, 2, joined, () => ({ ...variables }), support.residentRank);
    wentWell(await play({ MASTER_PORT: String(port) }));
    stranger.close();
    // Local ranks, though the launcher names a host.
    wentWell(await play({ MASTER_ADDR: "host.invalid", LOCAL_WORLD_SIZE: "2" }));
  });
});

describe("a store", () => {
  const serving = { serves: true, timeoutMs: 2000, listen: "127.0.0.1" };

  it("keeps and counts keys, under prefixes", async () => {
    const file = join(folder, "keys");
    const tcp = Store.tcp("127.0.0.1", await freePort(), serving);
    for (const store of [Store.file(file, 1), tcp]) {
      store.set("a", "ü");
      expect(store.peek("a")).toBe("ü");
      expect(store.peek("b")).toBeUndefined();
      expect([store.add("n", 2), store.add("n", 3), store.peek("n")]).toEqual([2, 5, "5"]);
      const inner = store.prefix("p");
      inner.set("a", "inner");
      expect([store.peek("a"), store.peek("p/a")]).toEqual(["ü", "inner"]);
      store.close();
      store.close();
      expect(() => store.peek("a")).toThrow(/store \d+ is closed/);
    }
  });

  /** The addresses, as the kernel prints them, on which this process listens. */
  const listening = (port: number) =>
    readFileSync("/proc/self/net/tcp", "utf8")
      .concat(readFileSync("/proc/self/net/tcp6", "utf8"))
      .split("\n")
      .map((row) => row.trim().split(/\s+/))
      .filter(([, own = "", , state]) => state === "0A" && own.endsWith(hex(port)))
      .map(([, own = ""]) => own.split(":")[0]);
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;

  it.runIf(process.platform === "linux")("serves on one address, or on all", async () => {
    const [first, second] = [await freePort(), await freePort()];
    using one = Store.tcp("127.0.0.1", first, serving);
    expect([one.name, listening(first)]).toEqual([`tcp://127.0.0.1:${first}`, ["0100007F"]]);
    using _all = Store.tcp("127.0.0.1", second, { ...serving, listen: "" });
    expect(listening(second)).toEqual(["0".repeat(32)]);
    expect(() => Store.tcp("127.0.0.1", 0, { ...serving, listen: "x" })).toThrow(/IPv4/);
  });

  it("refuses a bad address with the reason", async () => {
    const gone = await freePort();
    expect(() => Store.tcp("127.0.0.1", gone, { timeoutMs: 300 })).toThrow(/no store at tcp:/);
    using _one = Store.tcp("127.0.0.1", gone, serving);
    expect(() => Store.tcp("127.0.0.1", gone, serving)).toThrow(/port \d+ is in use/);
    writeFileSync(join(folder, "plain"), "");
    expect(() => Store.file(join(folder, "plain", "x"), 1).set("a", "b")).toThrow(
      expect.objectContaining({ code: "ERR_TORCH_DISTRIBUTED" }),
    );
  });
});
