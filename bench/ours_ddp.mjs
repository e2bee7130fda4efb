// Our side of data-parallel training, through the library's public face: one rank, or one of several that a launcher's
// variables place. Rank 0 is the main one; the others work for it, and reply while they wait.
import { readFileSync } from "node:fs";
import process from "node:process";

const isRanked = Number(process.env.WORLD_SIZE ?? 1) > 1;

/** Bytes that this process has written so far, those to sockets included. */
function bytesWritten() {
  return Number(readFileSync("/proc/self/io", "utf8").match(/wchar: (\d+)/)[1]);
}

/** Seconds and bytes since `mark`. */
const trafficSince = (mark) => ({
  seconds: (performance.now() - mark.time) / 1000,
  bytes: bytesWritten() - mark.bytes,
});
const markNow = () => ({ time: performance.now(), bytes: bytesWritten() });

/** The training of a problem as rank 0 runs it; null for another rank, which runs what rank 0 runs. */
async function join({ torch, bridge }, problem) {
  const control = isRanked ? await torch.distributed.init({ timeoutMs: 120_000 }) : null;
  const ranks = control && new bridge.ProcessRanks({ control });
  const training = new bridge.Training({ ...problem, execution: { ...problem.execution, ranks } });
  if (!ranks || ranks.isMain) return training;
  follow(training).catch(() => process.exit(1)); // rank 0, which is asked for the result, says why
  return null;
}

/** Runs half-iterations as rank 0 does, until it leaves. */
async function follow(training) {
  for (;;) {
    const half = await training.onMain(() => 0);
    if (half === null) return;
    training.state.half = half;
    for await (const _ of training.run());
  }
}

const idleSide = { run: async () => {}, warm: 0 };

/** `reps` training steps between two others of the same half-iteration; the first `reps` make it warm. */
export async function ddpSteps(engine, problem, reps) {
  const training = await join(engine, {
    ...problem,
    schedule: { ...problem.schedule, steps: 2 * reps },
    execution: { ...problem.execution, logEvery: reps },
  });
  if (!training) return idleSide;
  const run = async () => {
    training.state.half = await training.onMain(() => 0);
    let mark = null;
    let result;
    for await (const { type } of training.run()) {
      if (type !== "step") continue;
      if (mark) result = trafficSince(mark);
      mark = markNow();
    }
    return result;
  };
  return { run, warm: reps };
}

/** The second half-iteration of a problem of two, which simulates its pairs with the network of the first. */
export async function ddpHalfIteration(engine, problem) {
  const training = await join(engine, problem);
  if (!training) return idleSide;
  const run = async () => {
    training.state.half = await training.onMain(() => 1);
    const mark = markNow();
    for await (const _ of training.run());
    const { seconds, bytes } = trafficSince(mark);
    return { seconds, bytes: bytes / problem.schedule.steps };
  };
  return { run, warm: 1 };
}

/** All-reductions of tensors of so many bytes; gives seconds a call for each. */
export async function exchange({ torch }) {
  const group = await torch.distributed.init({ timeoutMs: 120_000 });
  const time = (bytes) => {
    const t = torch.zeros([Math.max(1, bytes / 4)]);
    const reps = Math.max(5, Math.min(200, Math.round(5e7 / (bytes + 1e5))));
    for (let i = 0; i < 3; i += 1) group.allReduce(t);
    group.barrier();
    const start = performance.now();
    for (let i = 0; i < reps; i += 1) group.allReduce(t);
    const seconds = (performance.now() - start) / 1000 / reps;
    t.dispose();
    return seconds;
  };
  return { run: async (sizes) => ({ times: sizes.map(time) }), warm: [4] };
}
