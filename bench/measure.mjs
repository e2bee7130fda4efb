// One row of the benchmark: rounds of all sides in new processes, which work in turn, and the medians.
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bestRun, mean, median, medianOf, ratiosOf, THREADS } from "./benchmarks.mjs";
import { RankedSide, Side, surroundings } from "./side.mjs";

const benchFolder = dirname(fileURLToPath(import.meta.url));

/** The ways in which a benchmark runs: each side with each number of threads, or alone and in ranks. */
function waysOf(bench, { python, before }) {
  const ways = bench.ranks
    ? [1, bench.ranks].map((ranks) => ({ threads: 1, ranks }))
    : (bench.threads ?? THREADS).map((threads) => ({ threads, ranks: 1 }));
  const programs = [
    { label: "ours", program: process.execPath, args: [join(benchFolder, "ours.mjs")] },
    before && {
      label: "before",
      program: process.execPath,
      args: [join(before, "bench/ours.mjs")],
    },
    bench.hasPortable && {
      label: "portable",
      program: process.execPath,
      args: [join(benchFolder, "ours.mjs")],
      variables: { DSBM_ENGINE: "portable" },
    },
    python && { label: "pytorch", program: python, args: [join(benchFolder, "pytorch_side.py")] },
  ].filter(Boolean);
  // `values` has the values of the turns of each round.
  const empty = () => ({ values: new Map(), peaks: [], bytes: [], said: [], error: null });
  const runs = ways.flatMap((way) =>
    programs.map((program) => ({ ...program, ...way, ...empty() })),
  );
  // The portable engine has one thread.
  return runs.filter(({ label, threads }) => label !== "portable" || threads === 1);
}

/** A run of this length is counted at once. Shorter runs come after a few uncounted runs. */
const longRunSeconds = 2;
/** Uncounted and counted turns of a round: at most this number, until they have taken so many seconds a process. */
const uncountedTurns = { count: 2, seconds: 1.5 };
const countedTurns = { count: 3, seconds: 1.5 };

/** Asks each process in turn until there are enough turns; returns the replies of each turn. A process that fails is closed. */
async function repeatTurns(sides, reps, { count, seconds }) {
  const turns = [];
  let spent = 0;
  while (turns.length < count && spent < seconds * sides.size) {
    const turn = new Map();
    for (const [run, side] of sides) {
      try {
        const reply = await side.ask({ cmd: "run", reps });
        turn.set(run, reply);
        spent += reply.seconds;
      } catch (error) {
        keepError(run, error);
        side.close();
        sides.delete(run);
      }
    }
    turns.push(turn);
  }
  return turns;
}

/**
 * The turns of processes in their steady state. After `setup` has run the work once, the second run of a process can be slow as
 * well: programs are planned and memory is touched for the first time.
 */
async function steadyTurns(sides, reps) {
  const [first] = await repeatTurns(sides, reps, { count: 1, seconds: 1 });
  const spent = [...(first?.values() ?? [])].map(({ seconds }) => seconds);
  if (Math.min(...spent) >= longRunSeconds) return first ? [first] : [];
  const { count, seconds } = uncountedTurns;
  await repeatTurns(sides, reps, { count: count - 1, seconds: seconds - mean(spent) });
  return repeatTurns(sides, reps, countedTurns);
}

/** Starts a process, or several ranks of it, and prepares the benchmark there; null if a process fails. */
async function startSide(run, { name, reps }) {
  const { program, args, threads, ranks } = run;
  const env = { ...surroundings(threads), ...run.variables };
  const side =
    ranks > 1 ? await RankedSide.start(ranks, program, args, env) : new Side(program, args, env);
  try {
    run.about = await side.ask({ cmd: "setup", bench: name, threads, reps });
    return side;
  } catch (error) {
    keepError(run, error);
    side.close();
    return null;
  }
}

function keepError(run, error) {
  run.error = error.message;
  run.values.clear();
}

/**
 * One round of some runs in new processes, since where memory and compiled code lie differs from process to process. All
 * processes exist at once and work in turn, so that disturbances of the machine hit the sides alike.
 */
async function measureRound(runs, bench, round) {
  const { name, reps, scale } = bench;
  const sides = new Map();
  for (const run of runs) {
    const side = await startSide(run, bench);
    if (side) sides.set(run, side);
  }
  const turns =
    runs[0].ranks > 1
      ? await repeatTurns(sides, reps, { count: 1, seconds: 1 })
      : await steadyTurns(sides, reps);
  for (const [run, side] of sides) {
    const replies = turns.map((turn) => turn.get(run));
    run.values.set(
      round,
      replies.map(({ seconds }) => (seconds / reps) * scale),
    );
    run.peaks.push(replies.at(-1).peak_mb);
    run.bytes.push(replies.at(-1).bytes / reps);
    for (const { said } of replies) if (said) run.said.push(`${name}, ${run.label}: ${said}`);
    if (round === 1 && run.label === "ours" && run.about.flop)
      run.said.push(rateText(bench, run, await side.ask({ cmd: "rate" })));
    side.close();
  }
}

/** Says how near the products of a benchmark are to the rate of this machine's large ones, all its other work included. */
function rateText({ name, scale }, run, { rate }) {
  const own = run.about.flop / (medianOf(run) / scale);
  const [gflops, machine] = [own, rate].map((x) => (x / 1e9).toFixed(0));
  const share = ((100 * own) / rate).toFixed(0);
  return `${name}, ${run.threads} thread(s): ${gflops} GFLOP/s of products, ${share} % of this machine's ${machine}`;
}

/** The runs that the rounds after the first repeat: of each side and number of ranks, the faster number of threads. */
function fasterRuns(runs) {
  const faster = new Map();
  for (const run of runs.filter(({ error }) => !error)) {
    const key = `${run.label} ${run.ranks}`;
    const other = faster.get(key);
    if (!other || medianOf(run) < medianOf(other)) faster.set(key, run);
  }
  return [...faster.values()];
}

/** Runs that work in turn: with as many ranks, and in the first round as many threads. */
function groupsOf(runs, isFirst) {
  const groups = new Map();
  for (const run of runs) {
    const key = `${run.ranks} ${isFirst ? run.threads : ""}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return groups.values();
}

/** Measures a benchmark on all sides. `mayRepeat` says before each further round if there is time for it. */
export async function measureRow(bench, sides, mayRepeat) {
  const runs = waysOf(bench, sides);
  let rounds = 0;
  for (let chosen = runs; rounds < bench.rounds; chosen = fasterRuns(runs)) {
    if (rounds > 0 && !mayRepeat()) break;
    rounds += 1;
    const ordered = rounds % 2 ? chosen : chosen.toReversed();
    for (const group of groupsOf(ordered, rounds === 1)) await measureRound(group, bench, rounds);
  }
  const failed = runs.filter(({ error }) => error);
  return {
    ...rowOf(bench, runs),
    rounds,
    said: runs.flatMap(({ said }) => said),
    about: runs.find(({ label, about }) => label === "pytorch" && about)?.about ?? null,
    problems: failed.map((run) => problemText(bench, run)),
  };
}

function problemText({ name, against }, { label, ranks, threads, error }) {
  const side = label === "pytorch" ? (against ?? label) : label;
  return `${name}, ${side}, ${ranks > 1 ? `${ranks} ranks` : `${threads} thread(s)`}: ${error}`;
}

/** The numbers of a row, and the threads of both sides. */
function rowOf(bench, runs) {
  const of = (label, most = Number.POSITIVE_INFINITY) =>
    runs.filter((run) => run.label === label && run.ranks <= most);
  const [ours, pytorch, before, portable] = ["ours", "pytorch", "before", "portable"].map((label) =>
    bestRun(of(label).filter(({ ranks }) => ranks === (bench.ranks ?? 1))),
  );
  const row = {
    name: bench.name,
    unit: bench.unit,
    ...(bench.against && { against: bench.against }),
    ours: ours?.value ?? null,
    pytorch: pytorch?.value ?? null,
    ...ratioColumns(["ratio", "ratio_range"], ours, pytorch),
    ...(bench.hasPortable && portableColumns(runs, portable)),
    ours_mb: ours?.mb ?? null,
    pytorch_mb: pytorch?.mb ?? null,
    ...(before && {
      before: before.value,
      ...ratioColumns(["gain", "gain_range"], ours, before),
      before_mb: before.mb,
    }),
    ...(bench.ranks && {
      ...rankGain("ours", ours, bestRun(of("ours", 1))),
      ...rankGain("pytorch", pytorch, bestRun(of("pytorch", 1))),
      bytes_per_step: ours && median(of("ours").at(-1).bytes),
    }),
  };
  return { row, threads: [ours?.threads ?? null, pytorch?.threads ?? null] };
}

/** How many times faster we are than another side: the median over turns in both processes, and their range. */
function ratioColumns([ratio, range], ours, other) {
  const ratios = ours && other ? ratiosOf(ours.run, other.run) : [];
  if (ratios.length === 0) return { [ratio]: null, [range]: null };
  return { [ratio]: median(ratios), [range]: [Math.min(...ratios), Math.max(...ratios)] };
}

/** The portable engine, and its rate as a share of libtorch's with one thread. */
function portableColumns(runs, portable) {
  const single = bestRun(runs.filter(({ label, threads }) => label === "ours" && threads === 1));
  return {
    portable: portable?.value ?? null,
    portable_share: portable && single ? single.value / portable.value : null,
  };
}

/** What several ranks gain over one: the columns of one side. */
function rankGain(label, several, one) {
  const speedup = several && one ? one.value / several.value : null;
  return {
    [`${label}_one_rank`]: one?.value ?? null,
    [label === "ours" ? "speedup" : `${label}_speedup`]: speedup,
  };
}
