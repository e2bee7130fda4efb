// One side of the benchmark as a child process that answers one line of JSON with another.
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

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
      this.#failure ??= error; // it is gone; ask() says so with what it printed last
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
