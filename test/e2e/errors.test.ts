// Bad input: one clear line, an exit code other than 0, and never a stack trace.
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRun, runPaths } from "@dsbm/runs";
import { io, ones } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import {
  dsbm,
  expectLine,
  onlyRun,
  refuse,
  scratch,
  smallGaussian,
  succeed,
  wordsOf,
} from "./cli.js";
import { squaresToCircles } from "./train.js";

const root = scratch();
const gaussian = ["gaussian", ...smallGaussian];
const images = [...squaresToCircles, "plot_level=0", "metrics.judge=false"];
const digits = "dataset=mnist_2to3 data.image_size=28";
const table = wordsOf(
  "train dataset=vectors Dataset=table:before.csv Dataset_transfer=table:after.csv",
);
const startFrom = (file: string) => `checkpoint_run=true checkpoint_b=${file} checkpoint_f=${file}`;

beforeAll(() => {
  const put = (name: string, content: string | Buffer) => writeFileSync(join(root, name), content);
  put("occupied", "");
  for (const name of ["before.csv", "after.csv"]) put(name, "id,x\nr0,1\nr1,2\nr2,3\nr3,4\n");
  put("other.safetensors", Buffer.from(io.encodeTensors(new Map([["out.0.weight", ones([3])]]))));
  const folder = join(root, "cut", "mnist");
  mkdirSync(folder, { recursive: true });
  const header = Buffer.alloc(516);
  for (const [i, word] of [0x00000803, 60000, 28, 28].entries()) header.writeUInt32BE(word, 4 * i);
  writeFileSync(join(folder, "train-images-idx3-ubyte"), header);
  writeFileSync(join(folder, "train-labels-idx1-ubyte"), Buffer.alloc(20));
});

describe("arguments are refused in one line", () => {
  it.each<[args: readonly string[], more: string, texts: readonly string[]]>([
    [[], "gausian", ['did you mean "gaussian"']],
    [[], "doctor x=1", ["got x=1; dsbm doctor takes no arguments"]],
    [gaussian, "experiments_dir=occupied", ["occupied"]],
    [images, `${digits} paths.data_dir_name=cut`, ["train-images-idx3-ubyte"]],
    [images, startFrom("gone.ckpt"), ["gone.ckpt"]],
    [images, startFrom("other.safetensors"), ["checkpoint_b=", "does not fit this network"]],
    [
      images,
      `${digits} model.class_cond=true Dataset=mnist_0_1_2 Dataset_transfer=mnist_3_4`,
      ["as many classes in source and target", "3 of mnist_0_1_2", "2 of mnist_3_4"],
    ],
    [table, "", ["before.csv", "id", "data.exclude=id"]],
    [["train"], "dataset=moons data.n_train=16 batch_size=32", ["batch_size=16"]],
    [[], "fit before.csv none.csv", ["no file or folder none.csv"]],
    [
      [],
      "fit before.csv after.csv data.exclude=id holdout=none.csv at=0.5 --plan",
      ["none.csv", "no such file"],
    ],
    [
      [],
      "fit before.csv after.csv data.exclude=id data.layer=pca",
      ["data.layer=pca is a matrix of a .h5ad", "leave data.layer out"],
    ],
    [[], "fit before.csv after.csv data.exclude=id batch_size=9 --plan", ["write batch_size=2 or"]],
    [[], "fit before.csv data.splitby=id", ['did you mean "data.split_by"?']],
    [[], "sample nope a b", ["there is no folder nope"]],
    [gaussian, "seed=1,2 log_every=1,2 -m", ["two runs of this sweep would share"]],
    [gaussian, "nproc=100", ["write nproc=64 or less", "share_batch=false"]],
    [[], "sweep statsu .", ["got dsbm sweep statsu .; expected dsbm sweep status DIR"]],
    [[], "studio nowhere", ["there is no folder nowhere: give the folder of your runs"]],
    [[], "studio . port=80", ["port: expected an integer >= 1024 and <= 65535 or null, got 80"]],
    [[], "evaluate RUN n=1", ["n: expected an integer >= 2 or null, got 1"]],
  ])("%#: %j %s", async (args, more, texts) => {
    const { stdout } = await refuse([...args, ...wordsOf(more).filter(Boolean)], texts, {
      cwd: root,
    });
    expect(stdout).toBe("");
  });
});
it("an engine that is missing or broken is named, by the doctor too", async () => {
  writeFileSync(join(root, "broken.node"), "not a library");
  const broken = (file: string, ...words: string[]) =>
    dsbm(words, { env: { DSBM_TORCH_ADDON: join(root, file) }, cwd: root });
  const { code, stderr } = await broken("broken.node", ...gaussian);
  expect(code).toBe(1);
  expectLine(stderr, ["the engine of DSBM_TORCH_ADDON cannot be loaded", "broken.node"]);
  const doctor = await broken("nothing.node", "doctor");
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain("DSBM_TORCH_ADDON cannot be loaded");
});

it("a changed configuration is refused with the changed keys; keys without effect are free", async () => {
  const few = wordsOf("inner_iters=4 outer_iters=1 plot_level=0");
  const words = [...gaussian, ...few, `experiments_dir=${root}/changed`];
  await succeed(words);
  const folder = onlyRun(join(root, "changed")) as string;
  const { config } = readRun(folder);
  const write = (changes: object) => {
    rmSync(join(folder, "manifest.jsonl"), { force: true });
    writeFileSync(runPaths(folder).config_json, JSON.stringify({ ...config, ...changes }));
  };
  write({ lr: 0.5 });
  const { code } = await refuse(words, ["lr was 0.5 and is now 0.0001", "--again"]);
  expect(code).toBe(2);
  write({ keep_last: 7 });
  await succeed(words);
  await succeed([...words, "--again"]);
});

it("a table that has changed is refused, and --again trains on it and keeps the old run", async () => {
  const own = join(root, "changing.csv");
  const rows = (from: number) => Array.from({ length: 40 }, (_, i) => `${from + (i % 7)},${i}`);
  const write = (from: number) => writeFileSync(own, `x,y\n${rows(from).join("\n")}\n`);
  const few = wordsOf("n_ipf=1 num_iter=3 num_steps=3 batch_size=8 plot_level=0 threads=1");
  const ends = [`Dataset=table:${own}`, `Dataset_transfer=table:${own}`];
  const words = ["train", "dataset=vectors", ...ends, ...few, `experiments_dir=${root}/tables`];
  write(0);
  await succeed(words);
  write(1);
  await refuse(words, [`${own} has changed since`, "--again"]);
  await succeed([...words, "--again"]);
  const kept = join(onlyRun(join(root, "tables")) as string, "previous");
  expect(readRun(kept).models).toHaveLength(2);
});

it.skipIf(!existsSync("/dev/full"))(
  "a run continues if its progress cannot be written; a table that cannot be printed is an error",
  async () => {
    const full = openSync("/dev/full", "w");
    try {
      const few = [
        "inner_iters=4",
        "outer_iters=1",
        "plot_level=0",
        `experiments_dir=${join(root, "full")}`,
      ];
      await succeed([...gaussian, ...few], { stdio: ["ignore", "pipe", full] });
      expect(readRun(onlyRun(join(root, "full")) as string).info.state).toBe("finished");
      const unprinted = await dsbm([...gaussian, ...few], { stdio: ["ignore", full, "pipe"] });
      expect(unprinted.code).toBe(1);
      expectLine(unprinted.stderr, ["cannot print the result: ENOSPC"]);
    } finally {
      closeSync(full);
    }
  },
);

const isRoot = process.getuid?.() === 0;

it.skipIf(!isRoot)("a folder without permission", async () => {
  const locked = join(root, "locked");
  mkdirSync(locked, { mode: 0o700 });
  const nobody = { uid: 65534, gid: 65534, cwd: "/" };
  const args = [...squaresToCircles, `experiments_dir=${locked}/experiments`];
  expect((await refuse(args, ["permission"], nobody)).code).toBe(1);
});
