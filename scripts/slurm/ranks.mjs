// Two ranks under launchers of other projects learn what one process learns.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { check, door, dsbm, folderOf, isInstalled, run } from "./checks.mjs";
import { compare, expect } from "./results.mjs";

/** What two processes train, whoever starts them. */
const training = ["gaussian", "dim=2", "inner_iters=50", "outer_iters=2", "threads=1"];
const launchers = [
  { name: "srun", command: (words) => ["srun", "-n2", "--mem=4G", ...words] },
  {
    name: "mpirun",
    command: (words) => [
      ...["mpirun", "-n", "2", "--allow-run-as-root", "--oversubscribe", "sh", "-c"],
      `RANK=$OMPI_COMM_WORLD_RANK WORLD_SIZE=$OMPI_COMM_WORLD_SIZE MASTER_ADDR=127.0.0.1 exec "$@"`,
      ...["dsbm", ...words],
    ],
    alone: true,
  },
  {
    name: "torchrun",
    command: (words) => ["torchrun", "--no-python", ...rendezvous(), ...words],
    alone: true,
  },
];

/** Debian's torchrun cannot serve a store (its PyTorch lacks libuv): its agents meet in a file, rank 0 serves the ranks. */
function rendezvous() {
  const file = folderOf("rendezvous");
  writeFileSync(file, "");
  return [
    ...["--nnodes=1", "--nproc-per-node=2", "--rdzv-id=check", "--rdzv-backend=c10d"],
    ...[`--rdzv-endpoint=${file}`, "--rdzv-conf=store_type=file", "--local-addr=127.0.0.1"],
  ];
}

/** A command in a network of its own with nothing but a loopback: these launchers listen everywhere. */
const inOwnNetwork = (words) => [
  "unshare",
  "--net",
  "sh",
  "-c",
  'ip link set lo up && exec "$@"',
  "sh",
  ...words,
];

/** Trains with each installed launcher, and compares with one process. */
export async function checkRanks(env) {
  const one = await dsbm([...training, `experiments_dir=${folderOf("one")}`], env);
  expect(one.code === 0, one.output);
  for (const { name, command, alone } of launchers) {
    if (!isInstalled(name) || (alone && !(isInstalled("unshare") && isInstalled("ip")))) {
      console.log(`- ${name}: it is not installed here, skipped`);
      continue;
    }
    await check(`two ranks by ${name} learn what one process learns`, async () => {
      const folder = folderOf(name);
      const words = [process.execPath, door, ...training, `experiments_dir=${folder}`];
      const line = command(words);
      const own = { ...env, TORCH_DISABLE_SHARE_RDZV_TCP_STORE: "1" };
      const { code, output } = await run(alone ? inOwnNetwork(line) : line, own);
      expect(code === 0, output);
      expect(/2 processes share each batch/.test(output), output);
      compare(folder, folderOf("one"));
    });
  }
}
