// Bad input to `dsbm train`: one clear line, an exit code that is not 0, and never a stack trace.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRun, runPaths } from "@dsbm/runs";
import { io, ones } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { dsbm, expectLine, onlyRun, refuse, scratch, succeed, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();
const words = (name: string, ...more: string[]) => [
  ...[...quick, "plot_level=0", "metrics.judge=false", ...more],
  `experiments_dir=${join(root, name)}`,
];
const digits = ["dataset=mnist_2to3", "data.image_size=28"];
const letters = ["dataset=mnist_transfer", "model=UNET_small", "data.image_size=28"];
const formula = ["method=dsb", "langevin_scale='2*sqrt(gama)'"];
const from = (file: string) =>
  wordsOf(`checkpoint_run=true checkpoint_b=${file} checkpoint_f=${file}`);

describe("one clear line", () => {
  it.each([
    ["an unknown key", ["train", "num_itr=5"], ['did you mean "num_iter"']],
    ["an unknown preset", ["train", "dataset=mnist_transfr"], ["mnist_transfer"]],
    ["an image size that cannot be halved", words("size", "data.image_size=18"), ["18"]],
    ["images of another size", words("28", ...digits, "data.image_size=32"), ["28", "32"]],
    ["other channels than the data's", words("3", "data.channels=3"), ["channels", "3", "1"]],
    ["an empty class", words("class", ...digits, "Dataset=mnist_12"), ["no class 12"]],
    ["an unknown data set", words("set", "Dataset=mnits"), ['did you mean "mnist"']],
    ["missing files", words("files", ...letters), ["emnist", "sha256"]],
    ["a formula that is none", words("formula", ...formula), ["langevin_scale", "gama", "gamma"]],
    ["a batch that repeats do not divide", words("repeat", "num_repeat_data=3"), ["batch_size"]],
    ["a cache smaller than a batch", words("cache", "cache_npar=5"), ["cache_npar"]],
    ["checkpoint_run without files", words("run", "checkpoint_run=true"), ["checkpoint_"]],
    ["a checkpoint that is not there", words("gone", ...from("gone.ckpt")), ["gone.ckpt"]],
  ])("%s", async (_, args, expected) => {
    const { stdout } = await refuse(args, expected, { cwd: root });
    expect(stdout).toBe("");
  });

  it("a cut IDX file", async () => {
    const folder = join(root, "data", "mnist");
    mkdirSync(folder, { recursive: true });
    const images = new DataView(new ArrayBuffer(516));
    [0x00000803, 60000, 28, 28].forEach((word, i) => {
      images.setUint32(4 * i, word);
    });
    writeFileSync(join(folder, "train-images-idx3-ubyte"), images);
    writeFileSync(join(folder, "train-labels-idx1-ubyte"), Buffer.alloc(20));
    const args = words("cut", ...digits, `paths.data_dir_name=${join(root, "data")}`);
    await refuse(args, ["train-images-idx3-ubyte"]);
  });

  it("weights of another network", async () => {
    const file = join(root, "other.safetensors");
    writeFileSync(file, io.encodeTensors(new Map([["out.0.weight", ones([3])]])));
    await refuse(words("other", ...from(file)), ["checkpoint_b=", "does not fit this network"]);
  });

  it("a loss that is not finite, with the step, the last losses and the last good checkpoint", async () => {
    const { code, stderr } = await dsbm(
      words("nan", "lr=1e25", "grad_clip=null", "first_num_iter=200", "checkpoint_stride=1"),
    );
    expect(code).toBe(1);
    expectLine(stderr, ["half-iteration 1", "checkpoint"]);
    expect(stderr).toMatch(/the loss became|NaN or infinite/);
  });
});

describe("a configuration that changed", () => {
  it("is refused with what changed and what to do; keys that change nothing are free", async () => {
    await succeed(words("changed", "n_ipf=1"));
    const folder = onlyRun(join(root, "changed")) as string;
    const { config_json } = runPaths(folder);
    const config = { ...readRun(folder).config, lr: 0.5 };
    rmSync(join(folder, "manifest.jsonl"));
    writeFileSync(config_json, JSON.stringify(config));
    const { code, stderr } = await dsbm(words("changed", "n_ipf=1"));
    expect(code).toBe(2);
    expectLine(stderr, ["lr was 0.5 and is now 0.001", "--again"]);
    rmSync(join(folder, "manifest.jsonl"), { force: true });
    writeFileSync(config_json, JSON.stringify({ ...config, lr: 0.001, keep_last: 7 }));
    await succeed(words("changed", "n_ipf=1"));
    await succeed([...words("changed", "n_ipf=1"), "--again"]);
  });
});

const isRoot = process.getuid?.() === 0;

describe("a disk that refuses", () => {
  it.skipIf(!isRoot)("a full one: the older checkpoints stay usable", async () => {
    const disk = join(root, "disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1500k", "tmpfs", disk]);
    if (mounted.status !== 0) return; // a container without the right to mount
    try {
      const args = words("disk", "checkpoint_stride=2", "keep_last=30");
      const { code, stderr } = await dsbm(args);
      expect(code).toBe(1);
      expectLine(stderr, ["space"]);
      // With room again the run goes on.
      spawnSync("mount", ["-o", "remount,size=64m", disk]);
      const again = await dsbm(args);
      expect(again.stderr).toMatch(/going on from checkpoint/);
      expect(again.code).toBe(0);
    } finally {
      spawnSync("umount", [disk]);
    }
  });

  it.skipIf(!isRoot)("a folder without permission", async () => {
    const locked = join(root, "locked");
    mkdirSync(locked, { mode: 0o700 });
    const nobody = { uid: 65534, gid: 65534, cwd: "/" };
    const args = [...quick, `experiments_dir=${locked}/experiments`];
    expect((await refuse(args, ["permission"], nobody)).code).toBe(1);
  });
});
