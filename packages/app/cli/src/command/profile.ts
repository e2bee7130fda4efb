// `dsbm profile COMMAND …`: runs a command and shows its time by operation next to the machine's
// rate, writes a trace for Chrome's viewer, and gives advice.
import { availableParallelism } from "node:os";
import { ConfigError } from "@dsbm/config";
import { writeFileAtomic } from "@dsbm/files";
import { formatTable } from "@dsbm/runs";
import {
  getNumThreads,
  type Profile,
  productRate,
  startProfile,
  stopProfile,
  type TracedCall,
} from "@dsbm/torch";

const shown = 12;

const help = `usage: dsbm profile [trace=FILE] COMMAND arguments …

Runs the command unchanged, and prints its time by operation: calls, share of the time of all operations, and for
matrix products, convolutions and attention GFLOP/s next to the rate of this machine's matrix products, measured
afterwards. Other processes of the command are not seen; each call takes a little longer.

trace   a file for chrome://tracing or ui.perfetto.dev, with the first 200,000 calls (default: dsbm-trace.json)`;

/**
 * Runs a command line under the profiler; `run` gives its exit code. Throws a ConfigError without a
 * command.
 */
export async function profileCommand(
  args: string[],
  run: (args: string[]) => Promise<number>,
): Promise<number> {
  const traced = args[0]?.startsWith("trace=") ? args[0].slice("trace=".length) : null;
  const words = traced === null ? args : args.slice(1);
  if (words.length === 0 || ["--help", "-h"].includes(words[0] as string)) {
    if (words.length > 0) console.log(help);
    else
      throw new ConfigError(
        "usage",
        "got no command; expected dsbm profile COMMAND arguments …, such as dsbm profile train dataset=moons",
      );
    return 0;
  }
  if (traced === "" || words[0] === "profile")
    throw new ConfigError(
      "usage",
      `got ${args.join(" ")}; expected dsbm profile [trace=FILE] COMMAND arguments …`,
    );
  const path = traced ?? "dsbm-trace.json";
  const began = performance.now();
  let code = 1;
  let profile: Profile = { operations: [], trace: [] };
  startProfile();
  try {
    code = await run(words);
  } finally {
    profile = stopProfile();
  }
  const seconds = (performance.now() - began) / 1000;
  if (profile.operations.length === 0) {
    console.log("\nprofile: the command ran no tensor operation in this process");
    return code;
  }
  const rates = { float32: productRate("float32"), bfloat16: productRate("bfloat16") };
  writeFileAtomic(path, chromeTrace(profile.trace));
  console.log(`\n${report(profile, { seconds, rates, threads: getNumThreads() })}\ntrace: ${path}`);
  return code;
}

interface Surroundings {
  seconds: number;
  rates: Record<"float32" | "bfloat16", number>;
  threads: number;
}

const percent = (x: number) => `${(100 * x).toFixed(x < 0.0995 ? 1 : 0)} %`;

/** The table, a line on the time outside operations, and the advice. */
export function report(profile: Profile, around: Surroundings): string {
  const byName = new Map<string, { calls: number; seconds: number; flop: number; half: boolean }>();
  for (const { name, operands, calls, seconds, flop } of profile.operations) {
    const half = flop > 0 && operands.startsWith("bfloat16");
    const key = half ? `${name} (bfloat16)` : name;
    const sum = byName.get(key) ?? { calls: 0, seconds: 0, flop: 0, half };
    byName.set(key, {
      calls: sum.calls + calls,
      seconds: sum.seconds + seconds,
      flop: sum.flop + flop,
      half,
    });
  }
  const all = profile.operations.reduce((sum, { seconds }) => sum + seconds, 0);
  const rows = [...byName].sort(([, a], [, b]) => b.seconds - a.seconds);
  const table = formatTable(
    rows.slice(0, shown).map(([operation, { calls, seconds, flop, half }]) => {
      const rate = flop / seconds;
      const known = flop > 0 && seconds > 0;
      return {
        operation,
        calls: String(calls),
        seconds: seconds.toFixed(3),
        share: percent(seconds / all),
        "us a call": ((1e6 * seconds) / calls).toFixed(1),
        "GFLOP/s": known ? (rate / 1e9).toFixed(1) : "",
        "of the machine": known ? percent(rate / around.rates[half ? "bfloat16" : "float32"]) : "",
      };
    }),
  );
  const more = rows.length > shown ? `and ${rows.length - shown} more operations\n` : "";
  const gflops = (rate: number) => `${(rate / 1e9).toFixed(0)} GFLOP/s`;
  return [
    `${table}\n${more}`,
    `operations: ${all.toFixed(2)} s, summed over threads, of ${around.seconds.toFixed(2)} s in all; matrix products of this machine: ${gflops(around.rates.float32)} in float32, ${gflops(around.rates.bfloat16)} in bfloat16`,
    `advice: ${advice(profile, around)}`,
  ].join("\n");
}

function advice(
  { operations }: Pick<Profile, "operations">,
  { seconds, rates, threads }: Surroundings,
): string {
  const sum = (of: typeof operations) => of.reduce((s, op) => s + op.seconds, 0);
  const all = sum(operations);
  const calls = operations.reduce((n, op) => n + op.calls, 0);
  const products = operations.filter(({ flop }) => flop > 0);
  const share = sum(products) / all;
  const long = products.filter(({ operands }) => !operands.startsWith("bfloat16"));
  const gain = rates.bfloat16 / rates.float32;
  const each = (1e6 * all) / calls;
  if (all < 0.3 * seconds)
    return `operations are ${percent(all / seconds)} of the time: the rest is reading, writing and JavaScript, which neither threads nor bfloat16 make shorter`;
  if (each < 8)
    return `an operation takes ${each.toFixed(1)} us on average, little more than its call: a larger batch_size costs less than in proportion, and threads=1 is enough`;
  if (gain > 1.25 && sum(long) > 0.4 * all)
    return `${percent(sum(long) / all)} of the operations' time are products in float32, which this processor computes ${gain.toFixed(1)} times as fast in bfloat16: try simulate_dtype=bfloat16, and dtype=bfloat16 for training`;
  if (threads < availableParallelism() && share > 0.4)
    return `products take ${percent(share)} of the operations' time on ${threads} of ${availableParallelism()} processors: try threads=${availableParallelism()}`;
  const rate = products.reduce((f, { flop }) => f + flop, 0) / Math.max(sum(products), 1e-9);
  return `products take ${percent(share)} of the operations' time at ${(rate / 1e9).toFixed(0)} GFLOP/s: only fewer steps or a smaller network would be faster`;
}

/** The calls as Chrome's complete events, in microseconds from the first call. */
function chromeTrace(trace: readonly TracedCall[]): string {
  const first = trace.reduce(
    (least, { start }) => Math.min(least, start),
    Number.POSITIVE_INFINITY,
  );
  const microseconds = (seconds: number) => Number((1e6 * seconds).toFixed(3));
  const events = trace.map(({ name, thread, start, end }) => ({
    name,
    cat: "operation",
    ph: "X",
    pid: 1,
    tid: thread,
    ts: microseconds(start - first),
    dur: microseconds(end - start),
  }));
  return `${JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" })}\n`;
}
