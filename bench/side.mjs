// One side of the benchmark as a child process that answers one line of JSON with another.
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findBlas } from "../packages/engine/torch/addon/find-libtorch.mjs";
import { freePort } from "../scripts/free-port.mjs";
import { median } from "./benchmarks.mjs";

/** The same surroundings for both sides: sleeping barriers, the same threads, the same BLAS. */
export function surroundings(threads) {
  const path = [findBlas(), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return {
    OMP_WAIT_POLICY: "passive",
    GOMP_SPINCOUNT: "10000",
    OMP_NUM_THREADS: `${threads}`,
    ...(path ? { LD_LIBRARY_PATH: path } : {}),
  };
}

/** A running side: ask({ cmd, … }) resolves to its reply, or rejects with what went wrong there. */
export class Side {
  #child;
  #replies;
  #errors = "";
  #failure = null;

  constructor(program, args, env) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env } });
    this.#child.on("error", (error) => {
      this.#failure = error;
    });
    this.#child.stdin.on("error", (error) => {
      this.#failure ??= error; // the process is gone; ask() reports its last output
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#replies.next();
    if (done) {
      const said = this.#errors.trim().split("\n").at(-1) || this.#failure?.message || "nothing";
      throw new Error(`the process ended; its last words: ${said}`);
    }
    const reply = JSON.parse(value);
    if (reply.error) throw new Error(reply.error);
    return reply;
  }

  close() {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

/** One side as `n` ranks: all are asked together; time is the slowest rank's, memory the sum. */
export class RankedSide {
  #ranks;

  constructor(ranks) {
    this.#ranks = ranks;
  }

  /** Starts the ranks as a launcher would. */
  static async start(n, program, args, env) {
    const meeting = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${await freePort()}` };
    const places = Array.from({ length: n }, (_, rank) => ({
      RANK: `${rank}`,
      LOCAL_RANK: `${rank}`,
      WORLD_SIZE: `${n}`,
    }));
    // Debian's PyTorch has no libuv for its store.
    const loopback = { GLOO_SOCKET_IFNAME: "lo", USE_LIBUV: "0" };
    const ranks = places.map(
      (place) => new Side(program, args, { ...env, ...meeting, ...loopback, ...place }),
    );
    return new RankedSide(ranks);
  }

  async ask(request) {
    const replies = await Promise.all(this.#ranks.map((side) => side.ask(request)));
    if (request.cmd === "setup") return replies[0];
    const memories = await Promise.all(this.#ranks.map((side) => side.ask({ cmd: "memory" })));
    const sum = (values) => values.reduce((a, b) => a + b, 0);
    return {
      ...replies[0],
      seconds: Math.max(...replies.map(({ seconds }) => seconds ?? 0)),
      peak_mb: sum(memories.map(({ peak_mb }) => peak_mb)),
    };
  }

  close() {
    for (const side of this.#ranks) side.close();
  }
}

/** Our side in so many processes of one thread each, with a benchmark set up. */
export async function ours(ranks, bench, options = {}) {
  const program = fileURLToPath(new URL("ours.mjs", import.meta.url));
  const args = [process.execPath, [program], surroundings(1)];
  const side = ranks > 1 ? await RankedSide.start(ranks, ...args) : new Side(...args);
  await side.ask({ cmd: "setup", bench, threads: 1, ...options });
  return side;
}

/** Seconds of a repetition of each of several sides, which are then closed: medians of rounds in turns. */
export async function inTurns(sides, rounds, reps) {
  const taken = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [i, side] of sides.entries())
      taken[i].push((await side.ask({ cmd: "run", reps })).seconds / reps);
  for (const side of sides) side.close();
  return taken.map(median);
}
