// Recorded programs of a sampler, replayed in chunks of rows, on several threads and on all ranks.
import {
  type Batch,
  type Conditions,
  type Dynamics,
  inDType,
  type Network,
  type NetworkDType,
  namesOf,
  type RecordedBatch,
  recordedBatch,
  tensorsOf,
} from "@dsbm/bridge";
import {
  type ChunkedRun,
  Generator,
  getNumThreads,
  nn,
  noGrad,
  runChunked,
  setNumThreads,
  startChunked,
  type Tensor,
} from "@dsbm/torch";
import { localRanks, type Ranks, type RowRange } from "../distributed/ranks.js";

/** The most programs that a sampler keeps, and the most shapes of each program. */
const limits = { programs: 512, shapes: 3 };

interface ProgramsOptions {
  /** Read when a program is recorded. */
  networks: Dynamics["networks"];
  /** Chunks that run at the same time. */
  threads: number;
  /** Rows of a chunk. */
  chunkRows: number;
  /** The dtype in which networks simulate. */
  dtype: NetworkDType;
}

interface ProgramChunkOptions {
  generator?: Generator | undefined;
  conditions?: Conditions | undefined;
  /** The dimension of the rows in each output. */
  outputDims: number[];
  ranks?: Ranks;
}

/** Options of one replay. */
interface ReplayOptions {
  dtype?: NetworkDType;
  /** Number of outputs (default 1). */
  outputs?: number;
  /** Chunks of one length instead of full ones and a remainder, which another program records and one thread awaits. */
  evenChunks?: boolean;
}

/** Even chunks come in multiples of this number, for all threads of usual machines; smaller chunks do not pay. */
const evenChunkCount = 4;
const fewestChunkRows = 64;

/** Rows of an even chunk of n rows, at most `most`: it does not depend on the number of threads. */
function evenChunkRows(n: number, most: number): number {
  const count = evenChunkCount * Math.ceil(n / (evenChunkCount * most));
  return Math.min(most, Math.max(fewestChunkRows, Math.ceil(n / count)));
}

type ProgramBody = (batch: Batch) => Tensor | readonly Tensor[];

/** Records a computation at its first call and replays it for other rows. */
export class Programs {
  readonly #programs = new Map<string, RecordedBatch>();
  readonly #options: ProgramsOptions;
  readonly #unread = Generator.create(0);

  constructor(options: ProgramsOptions) {
    this.#options = options;
  }

  /** Drops the programs. */
  clear(): void {
    this.#programs.clear();
  }

  /** The number of recorded programs. */
  get count(): number {
    return [...this.#programs.values()].reduce((sum, program) => sum + program.count(), 0);
  }

  /** Starts `body` for x [n, …] on background threads; with several `ranks` each simulates a share. */
  start(
    key: string,
    body: (x: Tensor, conditions: Conditions | undefined) => Tensor | Tensor[],
    x: Tensor,
    { generator, conditions, outputDims, ranks = localRanks }: ProgramChunkOptions,
  ): ChunkedRun {
    const { threads, chunkRows, dtype } = this.#options;
    const batch = { x, conditions };
    const names = namesOf(batch);
    const program = this.#program(key, (rows) => body(rows.x as Tensor, rows.conditions), {
      packed: true,
      dtype,
    }).program(names);
    const inputDims = names.map(() => 0);
    const begin = (part?: RowRange) =>
      noGrad(() =>
        startChunked(program, tensorsOf(batch), {
          rows: chunkRows,
          threads,
          generator,
          inputDims,
          outputDims,
          part,
        }),
      );
    if (ranks.size === 1) return begin();
    return sharedRun(begin, ranks, { rows: x.size(0), chunkRows, outputDims });
  }

  /** Runs `body`, which draws no random numbers, for a batch of n rows; each of its `outputs` is [n, …]. */
  replay(
    key: string,
    batch: Batch,
    body: (batch: Batch) => Tensor[],
    { dtype = this.#options.dtype, outputs = 1, evenChunks = false }: ReplayOptions = {},
  ): Tensor[] {
    const { threads, chunkRows } = this.#options;
    const names = namesOf(batch);
    const inputs = tensorsOf(batch);
    const rows = evenChunks ? evenChunkRows(inputs[0].size(0), chunkRows) : chunkRows;
    const program = this.#program(key, body, { packed: false, dtype }).program(names);
    const inputDims = names.map(() => 0);
    return noGrad(() =>
      runChunked(program, inputs, {
        rows,
        threads,
        generator: this.#unread,
        inputDims,
        outputDims: Array.from({ length: outputs }, () => 0),
      }),
    );
  }

  #program(
    key: string,
    body: ProgramBody,
    options: { packed: boolean; dtype: NetworkDType },
  ): RecordedBatch {
    const { b, f } = this.#options.networks;
    const named = `${options.dtype}/${key}`;
    const program =
      this.#programs.get(named) ??
      recordedBatch((batch) => evaluating([b, f], () => body(batch), options), {
        limit: limits.shapes,
        forget: true,
      });
    this.#programs.delete(named);
    this.#programs.set(named, program);
    if (this.#programs.size > limits.programs)
      this.#programs.delete(this.#programs.keys().next().value!);
    return program;
  }
}

function sharedRun(
  begin: (part: RowRange) => ChunkedRun,
  ranks: Ranks,
  { rows, chunkRows, outputDims }: { rows: number; chunkRows: number; outputDims: number[] },
): ChunkedRun {
  const chunks = Math.ceil(rows / chunkRows);
  const run = begin(ranks.part(chunks));
  const rowsOf = (rank: number) => {
    const part = ranks.part(chunks, rank);
    const end = Math.min(rows, (part.start + part.count) * chunkRows);
    return Math.max(0, end - part.start * chunkRows);
  };
  const counts = Array.from({ length: ranks.size }, (_, rank) => rowsOf(rank));
  return {
    outputs: run.outputs,
    stop: run.stop,
    finish: () => {
      run.finish();
      const whole = run.outputs.map((t, i) => ranks.gather(t, counts, outputDims[i]));
      for (const t of run.outputs) t.dispose();
      return whole;
    },
  };
}

/** Runs `fn` without dropout, in a dtype, and if `packed` with weights laid out for large chunks; on one thread, as chunks do. */
function evaluating<T>(
  networks: readonly (Network | null | undefined)[],
  fn: () => T,
  { packed, dtype }: { packed: boolean; dtype: NetworkDType },
): T {
  const all = networks.filter((net) => net !== null && net !== undefined);
  const training = all.map((net) => net.training);
  const threads = getNumThreads();
  for (const net of all) net.eval();
  setNumThreads(1);
  try {
    const run = () => inDType(dtype, all, fn);
    return packed ? nn.withStandingWeights(run) : run();
  } finally {
    setNumThreads(threads);
    all.forEach((net, i) => {
      net.train(training[i]);
    });
  }
}
