// `dsbm train` as a user types it: the files of a whole run, and every method, network and condition.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readCsv, readRun } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import { loadBridge } from "@dsbm/web";
import { expect, it } from "vitest";
import { stateDictFile } from "../../packages/engine/torch/test/io/pt-support.js";
import { onlyRun, refuse, scratch, succeed, wordsOf } from "./cli.js";
import { squaresToCircles } from "./train.js";

const root = scratch();

const placeRun = (name: string, words: readonly string[]) => [
  ...words,
  `name=${name}`,
  `experiments_dir=${root}`,
];
const train = (name: string, ...words: string[]) =>
  succeed(placeRun(name, [...squaresToCircles, ...words]));
const numbers = (folder: string) => readCsv(join(folder, "results.csv")).rows;

it("leaves weights, checkpoints, evaluations, images and a report, and is not run twice", async () => {
  const words = wordsOf("n_ipf=1 gif_stride=6 plot_level=3 test_npar=64");
  const { stdout, folder } = await train("whole", ...words);
  expect(stdout).toMatch(/mean squared displacement/);
  const run = readRun(folder);
  expect(run.info.state).toBe("finished");
  const models = run.models.map(({ half_iteration, direction }) => `${half_iteration}${direction}`);
  expect(models).toEqual(["1b", "2f"]);
  const rows = numbers(folder);
  expect(rows.map((row) => `${row.half_iteration}${row.direction}${row.step}`)).toEqual(
    models.flatMap((model) => [`${model}6`, `${model}12`]),
  );
  for (const row of rows) {
    expect(row).toMatchObject({ n: 64, nfe: 4 });
    for (const key of wordsOf("start_mean end_var independent_msd share data_share"))
      expect(Number.isFinite(row[key]), key).toBe(true);
    expect(Number(row.seconds_per_batch)).toBeGreaterThan(0);
    // Real images are near to one another.
    expect(Number(row.fid_lenet)).toBeGreaterThan(Number(row.data_fid_lenet));
  }
  const samples = readdirSync(join(folder, "samples"));
  for (const name of wordsOf("start.png end.png data.png path.png path.gif"))
    expect(samples).toContain(`it0001_f_step00000012_${name}`);
  const page = readFileSync(join(folder, "report.html"), "utf8");
  expect(page).toMatch(/<h1>From \S+ to \S+</);
  expect(page.match(/<img src="data:image\/(png|gif)/g)).toHaveLength(12);
  expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual([
    "it0001_b_step00000012",
    "it0001_f_step00000006",
    "it0001_f_step00000012",
  ]);
  expect((await train("whole", ...words)).stdout).toContain("is finished already");
});

it("trains a damaged classifier again, to the same bits", async () => {
  const folder = onlyRun(join(root, "whole")) as string;
  const path = join(root, "classifiers", "synthetic_shapes-1x8.safetensors");
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.with(-5, (bytes.at(-5) as number) ^ 0x40));
  const { stderr } = await succeed([
    "evaluate",
    folder,
    "n=16",
    "metrics=share",
    "direction=f",
    "threads=1",
  ]);
  expect(stderr).toContain(`${path} does not match its .sha256: the classifier is trained again`);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

/** The second half-iteration has caches. */
const brief = [
  ...squaresToCircles,
  ...wordsOf(`plot_level=0 n_ipf=1 first_pass=1 first_num_iter=4 num_iter=4 cache_refresh_stride=2
    metrics.judge=false`),
];
/** A downscaling at 16×16 of a few steps. */
const downscaling = wordsOf(`
  train dataset=downscaler_synthetic data.image_size=16 data.n_train=48 data.n_test=16 n_ipf=1 num_iter=2
  first_num_iter=2 batch_size=8 cache_npar=16 cache_batch_size=8 num_steps=4 test_npar=8
  test_batch_size=8 plot_npar=4 plot_npar_path=2 log_every=2 threads=1 plot_level=0
`);

it.each<[base: readonly string[], words: string]>([
  [
    brief,
    `method=dbdsb_vp first_coupling=ref use_prev_net=false ema=false cache_num_steps=3
    test_num_steps=9 optimizer=AdamW weight_decay=0.01 grad_clip=null LOGGER=TensorBoard std_trick=true transfer=false normalize_x1=true
    model.use_checkpoint=true model.resblock_updown=true model.use_scale_shift_norm=false`,
  ],
  [
    brief,
    `num_repeat_data=4 mean_match=true loss_scale=false symmetric_gamma=true gamma_space=geomspace
    gamma_min=0.01 ot_sampler=exact ot_rows=32 model.class_cond=true Dataset=synthetic_shapes
    Dataset_transfer=synthetic_shapes`,
  ],
  [
    brief,
    `method=dsb transfer=false final_adaptive=true var_final_gamma_scale=true
    langevin_scale='torch.sqrt(gamma)' loss_scale='1/gamma'`,
  ],
  [downscaling, "method=dbdsb_vp ot_sampler=exact match_conditions=false model=UNET_tiny"],
  [
    downscaling,
    `method=dsb model=DDPMpp_32 model.nf=32 model.ch_mult='1,1' model.num_res_blocks=1
    model.attn_resolutions='8'`,
  ],
])("options %#: two rows of finite results", async (base, words) => {
  const name = words.replaceAll(/\W+/g, "_").slice(0, 60);
  const { folder } = await succeed(placeRun(name, [...base, ...wordsOf(words)]));
  const rows = numbers(folder);
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(Number.isFinite(row.msd)).toBe(true);
  if (words.includes("test_num_steps=9")) expect(rows[0]?.nfe).toBe(9);
  const cache = join(folder, "cache");
  expect(existsSync(cache) ? readdirSync(cache) : []).toEqual([]);
});

/** The export of a bridge between latent maps gives the images of the run. */
async function expectExportAgrees(folder: string): Promise<void> {
  const data = Float32Array.from({ length: 768 }, (_, i) => Math.sin(i));
  const input = join(root, "new.npy");
  writeFileSync(input, io.npy.encode(io.fromTyped(data, [3, 1, 16, 16])));
  const out = join(root, "native.npy");
  await succeed(["sample", folder, input, out, "direction=f", "threads=1"]);
  const native = tidy(() => io.mapNpy(out).toNumbers());
  const { stdout } = await succeed(["export", folder, join(root, "exported")]);
  expect(stdout).toContain("encoder.onnx");
  const bridge = await loadBridge(join(root, "exported"));
  const { x, path, times } = await bridge.sample(
    { data, shape: [3, 1, 16, 16] },
    { direction: "f" },
  );
  bridge.dispose();
  expect(x.shape).toEqual([3, 1, 16, 16]);
  expect(path).toHaveLength(times.length);
  const differences = Array.from(x.data, (value, i) => Math.abs(value - native[i]));
  expect(Math.max(...differences)).toBeLessThan(1e-4);
}

it("a bridge between latent maps takes and gives images, and is measured in images", async () => {
  const words =
    wordsOf(`data.image_size=16 data.latent=2 data.latent_steps=4 data.random_flip=true model.channel_mult='1,1'
    plot_level=1`);
  const { folder, stderr } = await succeed(placeRun("latent", [...brief, ...words]));
  expect(stderr).toMatch(/UNET of [\d,]+ parameters each way/);
  const pictures = readdirSync(join(folder, "samples"));
  for (const part of ["reconstruction", "nearest"])
    expect(pictures).toContain(`it0001_f_step00000004_${part}.png`);
  const sampled = ["sample", folder, "synthetic_squares", join(root, "moved.npy"), "threads=1"];
  expect((await succeed([...sampled, "direction=f"])).stdout).toMatch(/float32 \[64, 1, 16, 16\]/);
  const largest = tidy(() => io.mapNpy(join(root, "moved.npy")).abs().max().item());
  expect(largest).toBeLessThanOrEqual(1);
  const evaluate = ["evaluate", folder, "metrics=reconstruction,path_energy", "n=8", "threads=1"];
  const { stdout } = await succeed(evaluate);
  expect(stdout).toMatch(/reconstruction error +f +0\.\d/);
  expect(stdout).toMatch(/left out: path_energy: its paths are paths of latent maps/);
  await expectExportAgrees(folder);
  await succeed(["export", folder, join(root, "latent.html"), "samples=2"]);
  expect((await succeed(placeRun("latent", [...brief, ...words]))).stdout).toContain(
    "is finished already",
  );
});

it("calls the distance FID with a TorchScript network of Inception's signature, and only then", async () => {
  const inception = fileURLToPath(
    new URL("../../packages/engine/torch/test/fixtures/inception_like.pt", import.meta.url),
  );
  const few =
    wordsOf(`plot_level=0 half_iterations=1 first_num_iter=3 metrics.judge=false data.n_train=16
    data.n_test=8 test_npar=4`);
  const { folder, stderr } = await train("fid", ...few, `metrics.inception='${inception}'`);
  expect(stderr).toMatch(/FID \d/);
  for (const row of numbers(folder)) {
    expect(Number(row.fid)).toBeGreaterThan(0);
    expect(row.fid_lenet).toBeUndefined();
  }
  // A run folder is data: files that it names do not run unless the command names them too.
  const evaluate = ["evaluate", folder, "metrics=fid", "n=4", "--json"];
  expect((await succeed(evaluate)).stdout).toContain("the file of Inception-v3: inception=FILE");
  const { stdout } = await succeed(["test", folder, "test_npar=4", "test_ode_sampler=false"]);
  expect(stdout).not.toMatch(/ fid /);
  await refuse(["extend", folder, "+2"], [`metrics.inception=${inception}`]);
});

it("a start from files takes our weights and PyTorch's, averages and optimisers, at the given step", async () => {
  const words = wordsOf("plot_level=0 metrics.judge=false first_num_iter=6 num_iter=6");
  const first = await train("files", ...words, "n_ipf=1");
  const at = (name: string) => join(first.folder, "checkpoints", "it0001_f_step00000006", name);
  const ckpt = join(root, "sample_net_b.ckpt");
  tidy(() => {
    const { tensors } = io.loadTensors(at("sample_net_b.safetensors"));
    writeFileSync(ckpt, stateDictFile(new Map([...tensors].map(([k, t]) => [k, io.toRaw(t)]))));
  });
  const second = await train(
    "from_files",
    ...words,
    ...wordsOf("n_ipf=3 checkpoint_run=true checkpoint_it=3 checkpoint_pass=b checkpoint_iter=2"),
    `checkpoint_b='${at("net_b.safetensors")}'`,
    `checkpoint_f='${at("net_f.safetensors")}'`,
    `sample_checkpoint_b='${ckpt}'`,
    `sample_checkpoint_f='${at("sample_net_f.safetensors")}'`,
    `optimizer_checkpoint_b='${at("optimizer_b.safetensors")}'`,
  );
  expect(second.stderr).toContain("starting from the given files at iteration 3 b, step 2");
  expect(numbers(second.folder).map((row) => row.half_iteration)).toEqual([5, 6]);
  // The optimiser continues: 6 steps before, 4 here.
  tidy(() => {
    const { tensors } = io.loadTensors(
      join(second.folder, "checkpoints", "it0003_f_step00000006", "optimizer_b.safetensors"),
    );
    expect(tensors.get("0.step")?.item()).toBe(10);
  });
});
