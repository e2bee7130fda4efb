// `dsbm train` as a user types it: what it leaves on disk, with every method and option that it takes.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { picturePng, readCsv, readRun } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { stateDictFile } from "../../packages/engine/torch/test/io/pt-support.js";
import { dsbm, folderIn, type Outcome, scratch, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();

/** Runs with these words more, and finds the run's folder in what it printed. */
async function train(name: string, ...words: string[]): Promise<Outcome & { folder: string }> {
  const outcome = await dsbm([...quick, ...words, `name=${name}`, `experiments_dir=${root}`]);
  return { ...outcome, folder: folderIn(outcome.stdout) };
}

/** The same without its own value for a key. */
const numbers = (folder: string) => readCsv(join(folder, "results.csv")).rows;

describe("a whole run", () => {
  it("leaves weights, checkpoints, evaluations, pictures and a report, and is not run twice", async () => {
    const words = ["data.image_size=16", "gif_stride=6", "plot_level=3"];
    const { code, stdout, stderr, folder } = await train("whole", ...words);
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code).toBe(0);
    expect(stdout).toMatch(/independent_msd/);

    const run = readRun(folder);
    expect(run.info.state).toBe("finished");
    expect(
      run.models.map(({ half_iteration, direction }) => `${half_iteration}${direction}`),
    ).toEqual(["1b", "2f", "3b", "4f"]);
    const rows = numbers(folder);
    expect(rows.map((row) => `${row.half_iteration}${row.direction}${row.step}`)).toEqual([
      "1b6",
      "1b12",
      "2f6",
      "2f12",
      "3b6",
      "3b12",
      "4f6",
      "4f12",
    ]);
    for (const row of rows) {
      expect(row).toMatchObject({ n: 64, nfe: 6 });
      for (const key of [
        "start_mean",
        "end_var",
        "msd",
        "mse",
        "independent_msd",
        "fid_lenet",
        "share",
      ])
        expect(Number.isFinite(row[key]), key).toBe(true);
      expect(Number(row.msd)).toBeCloseTo(256 * Number(row.mse), 3);
      // The classifier separates real squares from circles, and real images are near to one another.
      expect(Number(row.data_share)).toBeGreaterThan(0.9);
      expect(Number(row.fid_lenet)).toBeGreaterThan(Number(row.data_fid_lenet));
    }
    const samples = readdirSync(join(folder, "samples"));
    for (const name of ["start.png", "end.png", "data.png", "path.png", "path.gif"])
      expect(samples).toContain(`it0002_f_step00000012_${name}`);
    expect(samples).toContain("it0002_f_step00000006_pairs.png");
    const gif = readFileSync(join(folder, "samples", "it0002_f_step00000012_path.gif"));
    expect(gif.subarray(0, 6).toString()).toBe("GIF89a");
    const page = readFileSync(join(folder, "report.html"), "utf8");
    // Starts, ends, data, paths and their animation of both directions are inside the page.
    const shown = [...page.matchAll(/<img src="(.{16})/g)].map(([, start]) => start);
    expect(shown).toHaveLength(10);
    for (const start of shown) expect(start).toMatch(/^data:image\/(png|gif)/);
    // Three are kept, the newest last.
    expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual([
      "it0002_b_step00000012",
      "it0002_f_step00000006",
      "it0002_f_step00000012",
    ]);
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
    const losses = run.metrics.map(({ half_iteration, step }) => `${half_iteration}/${step}`);
    expect(new Set(losses).size).toBe(12);

    const again = await train("whole", ...words);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain("is finished already");
  });

  it("brings squares nearer to circles than they were", async () => {
    const { folder, code } = await train(
      "learns",
      ...wordsOf("first_num_iter=60 num_iter=30 n_ipf=1 cache_refresh_stride=30 ema_rate=0.9"),
      ...wordsOf("num_steps=10 gif=false plot_level=0 checkpoint_stride=1000"),
    );
    expect(code).toBe(0);
    const forward = numbers(folder).findLast((row) => row.direction === "f") ?? {};
    // Ends as bright and as varied as circles, closer to their starts than independent pairs.
    expect(Math.abs(Number(forward.end_mean) - Number(forward.data_mean))).toBeLessThan(0.1);
    expect(Number(forward.msd)).toBeLessThan(Number(forward.independent_msd));
    expect(Number(forward.sliced_w2)).toBeLessThan(Number(forward.start_sliced_w2));
    expect(existsSync(join(folder, "samples"))).toBe(false);
  });
});

describe("options", () => {
  it.each([
    ["the reference start", "first_coupling=ref", "n_ipf=2"],
    ["bridge matching", "method=bm", "first_pass=2"],
    ["variance preserving, mean matching", "method=dbdsb_vp", "n_ipf=2"],
    ["no EMA", "ema=false"],
    ["new weights in every iteration", "use_prev_net=false", "n_ipf=2"],
    ["repeated pairs", "num_repeat_data=4"],
    ["mean matching", "mean_match=true", "loss_scale=false"],
    ["the standard deviation in the output", "std_trick=true"],
    [
      "a symmetric geometric schedule",
      ...wordsOf("symmetric_gamma=true gamma_space=geomspace gamma_min=0.01"),
    ],
    ["minibatch optimal transport", "ot_sampler=exact"],
    ["optimal transport of more samples than a batch", "ot_sampler=exact", "ot_rows=64"],
    ["rectified flow", "method=rf", "n_ipf=2"],
    ["rectified flow on optimal pairs", "method=otcfm", "n_ipf=2"],
    ["discrete DSB, increments", "method=dsb", "n_ipf=2"],
    [
      "discrete DSB, means",
      ...wordsOf("method=dsb n_ipf=2 first_coupling=ref mean_match=true loss_scale=false"),
    ],
    [
      "discrete DSB towards noise like the data",
      ...wordsOf("method=dsb transfer=false final_adaptive=true var_final_gamma_scale=true"),
      ...wordsOf("langevin_scale='torch.sqrt(gamma)' loss_scale='1/gamma'"),
    ],
    ["other step counts", "cache_num_steps=4", "test_num_steps=9"],
    ["AdamW without clipping", "optimizer=AdamW", "weight_decay=0.01", "grad_clip=null"],
    ["activation checkpointing", "model.use_checkpoint=true"],
    [
      "resampling in residual blocks",
      "model.resblock_updown=true",
      "model.use_scale_shift_norm=false",
    ],
    ["noise at one end, standardised caches", "transfer=false", "normalize_x1=true"],
    ["noise like the data", "transfer=false", "final_adaptive=true"],
    ["no judge, no log", "metrics.judge=false", "LOGGER=NONE"],
    ["TensorBoard's files", "LOGGER=TensorBoard", "metrics.judge=false"],
  ])("%s", async (name, ...words) => {
    const { code, stderr, folder } = await train(
      name.replace(/\W/g, "_"),
      "plot_level=0",
      // The second half-iteration has caches.
      ...["n_ipf=1", "first_pass=1"],
      ...wordsOf("first_num_iter=4 num_iter=4 cache_refresh_stride=2 test_npar=32"),
      ...wordsOf("data.n_train=256 data.n_test=64"),
      ...words,
    );
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code).toBe(0);
    const half = words.includes("n_ipf=2") && !name.includes("flow") ? 4 : 2;
    const rows = numbers(folder);
    expect(rows.map((row) => row.half_iteration)).toEqual(
      Array.from({ length: half }, (_, i) => i + 1),
    );
    for (const row of rows) expect(Number.isFinite(row.msd)).toBe(true);
    if (name === "other step counts") expect(rows[0]?.nfe).toBe(9);
  });

  it("calls the distance FID with a TorchScript network of Inception's signature, and only then", async () => {
    const inception = fileURLToPath(
      new URL("../../packages/engine/torch/test/fixtures/inception_like.pt", import.meta.url),
    );
    const words = ["plot_level=0", "n_ipf=1", "first_num_iter=3", "metrics.judge=false"];
    const few = ["data.n_train=32", "data.n_test=16", "test_npar=16"];
    const { code, folder, stderr } = await train(
      "fid",
      ...[...words, ...few],
      `metrics.inception='${inception}'`,
    );
    expect(stderr).toMatch(/FID \d/);
    expect(code).toBe(0);
    for (const row of numbers(folder)) {
      expect(Number(row.fid)).toBeGreaterThan(0);
      expect(row.fid_lenet).toBeUndefined();
    }
    const wrong = await train("no_fid", ...words, "metrics.inception=missing.pt");
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toMatch(/dsbm: .*missing\.pt/);
    expect(wrong.stderr).not.toMatch(/bug|\n\s+at /);
  });

  it("sweeps over groups and keys", async () => {
    const { code, stdout } = await dsbm([
      ...quick,
      ...wordsOf("plot_level=0 metrics.judge=false first_num_iter=3 num_iter=3 n_ipf=1"),
      ...wordsOf("method=dbdsb,bm"),
      "-m",
      `experiments_dir=${join(root, "sweep")}`,
    ]);
    expect(stdout).toContain("2 finished");
    expect(code).toBe(0);
  });
});

describe("two folders of pictures", () => {
  it("become a bridge", async () => {
    const folders = ["red", "blue"].map((name) => join(root, "pictures", name));
    for (const [end, folder] of folders.entries()) {
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < 40; i++) {
        const [red, green, blue] = end ? [20, 4 * i, 200] : [200, 4 * i, 20];
        const colours = [red, green, blue].map((c) => new Uint8Array(400).fill(c as number));
        const images = Buffer.concat(colours);
        writeFileSync(join(folder, `${i}.png`), await picturePng(images, [3, 20, 20]));
      }
    }
    const words = [
      `Dataset='folder:${folders[0]}'`,
      `Dataset_transfer='folder:${folders[1]}'`,
      ...wordsOf("data.channels=3 data.image_size=16 data.test_fraction=0.2 batch_size=16"),
      ...wordsOf("cache_npar=16 n_ipf=1 first_num_iter=4 plot_npar=4"),
      `paths.data_dir_name=${join(root, "pictures-data")}`,
    ];
    const { code, stderr, folder } = await train("folders", ...words);
    expect(stderr).not.toMatch(/bug|\n\s+at /);
    expect(code).toBe(0);
    const [row] = numbers(folder);
    expect(row?.share).toBeUndefined();
    expect(readdirSync(join(folder, "samples"))).toContain("it0001_f_step00000004_path.gif");
  });
});

describe("starting from files", () => {
  it("takes our weights and PyTorch's, averages and optimisers, and goes on at the given step", async () => {
    const words = ["plot_level=0", "metrics.judge=false"];
    const first = await train("files", ...words, "n_ipf=1");
    const at = (name: string) => join(first.folder, "checkpoints", "it0001_f_step00000012", name);
    // The averages as a .ckpt of PyTorch's.
    const ckpt = join(root, "sample_net_b.ckpt");
    tidy(() => {
      const { tensors } = io.loadTensors(at("sample_net_b.safetensors"));
      writeFileSync(ckpt, stateDictFile(new Map([...tensors].map(([k, t]) => [k, io.toRaw(t)]))));
    });
    const second = await train(
      "from_files",
      ...words,
      ...wordsOf("n_ipf=3 checkpoint_run=true checkpoint_it=3 checkpoint_pass=b"),
      ...wordsOf("checkpoint_iter=4"),
      `checkpoint_b='${at("net_b.safetensors")}'`,
      `checkpoint_f='${at("net_f.safetensors")}'`,
      `sample_checkpoint_b='${ckpt}'`,
      `sample_checkpoint_f='${at("sample_net_f.safetensors")}'`,
      `optimizer_checkpoint_b='${at("optimizer_b.safetensors")}'`,
    );
    expect(second.stderr).toContain("starting from the given files at iteration 3 b, step 4");
    expect(second.code).toBe(0);
    expect(numbers(second.folder).map((row) => row.half_iteration)).toEqual([5, 6]);
    // The optimiser counted on: 12 steps before, 8 here.
    tidy(() => {
      const { tensors } = io.loadTensors(
        join(second.folder, "checkpoints", "it0003_f_step00000012", "optimizer_b.safetensors"),
      );
      expect(tensors.get("0.step")?.item()).toBe(20);
    });
  });
});
