// `npm run check:cuda`: on a machine with a GPU, builds the engine against a libtorch with CUDA,
// compares the GPU with the processor, trains and resumes there, passes the golden tensors, and
// times rows of the benchmark. It ends with the engine for that libtorch in place; `npm run build`
// without LIBTORCH restores the system's. docs/guide/gpu.md
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { repo } from "./setup/stamp.mjs";

const scratch = mkdtempSync(join(tmpdir(), "dsbm-check-cuda-"));
const rows = "mlp_step_d50,mlp_step_d50_bf16,simulate_mlp,unet_step,unet_step_bf16,unet_forward";

/** The output of a program; null if it is missing or fails. */
function outputOf(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
}

/**
 * A folder with a CUDA libtorch: LIBTORCH, or the one inside a Python torch.
 * @throws one line without one.
 */
function cudaLibtorch() {
  const program =
    "import os, torch; print(os.path.dirname(torch.__file__) if torch.version.cuda else '')";
  const found = process.env.LIBTORCH ?? outputOf("python3", ["-c", program]);
  if (found) return found;
  throw new Error(
    "no libtorch with CUDA: set LIBTORCH to one that is unpacked, or pip install torch for this machine's driver",
  );
}

let failureCount = 0;
function check(name, task) {
  try {
    task();
    console.log(`ok      ${name}`);
  } catch (error) {
    failureCount += 1;
    console.log(`failed  ${name}: ${error.message}`);
  }
}

/**
 * Runs a program on the user's terminal.
 * @throws if it fails.
 */
function run(program, args, options = {}) {
  const { status } = spawnSync(program, args, { cwd: repo, stdio: "inherit", ...options });
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")} ended with code ${status}`);
}

/** The largest difference of two tensors relative to the largest number. */
const difference = (a, b) => {
  const [x, y] = [a, b].map((t) => t.detach().to({ device: "cpu", dtype: "float64" }));
  return x.sub(y).abs().amax().item() / y.abs().amax().item();
};

async function compare() {
  const T = await import("@dsbm/torch");
  const { ScoreNetwork, UNet } = await import("@dsbm/nets");
  const { devices } = T.engineInfo();
  if (!devices.includes("cuda:0")) throw new Error(`the engine sees ${devices.join(", ")}`);
  const close = (a, b, most) => {
    const found = difference(a, b);
    if (!(found <= most)) throw new Error(`they differ by ${found}; expected at most ${most}`);
  };
  const networks = {
    MLP: [() => new ScoreNetwork(50), [128, 50]],
    UNet: [() => new UNet({ image_size: 16, in_channels: 1 }), [4, 1, 16, 16]],
  };
  for (const [name, [make, shape]] of Object.entries(networks)) {
    const [cpu, gpu] = [make(), make()];
    T.nn.copyState(cpu, gpu);
    gpu.to({ device: "cuda" });
    for (const net of [cpu, gpu]) net.eval();
    const [x, t] = [T.randn(shape), T.rand([shape[0]])];
    const onGpu = [x, t].map((y) => y.to({ device: "cuda" }));
    const loss = (net, of) =>
      net
        .forward(...of)
        .square()
        .mean();
    check(`${name}: prediction, loss and gradients as on the processor`, () => {
      close(gpu.forward(...onGpu), cpu.forward(x, t), 1e-3);
      loss(cpu, [x, t]).backward();
      loss(gpu, onGpu).backward();
      for (const [i, p] of cpu.parameters().entries())
        if (p.grad.abs().amax().item() > 0) close(gpu.parameters()[i].grad, p.grad, 1e-2);
    });
    check(`${name}: recorded steps are those that are not recorded`, () => {
      const twin = make().to({ device: "cuda" });
      T.nn.copyState(gpu, twin);
      const stepOf = (net) => {
        const adam = new T.optim.Adam(net.parameters(), { lr: 1e-3 });
        return (y, s) => {
          adam.zeroGrad();
          const found = loss(net, [y, s]);
          found.backward();
          adam.step();
          return found.detach();
        };
      };
      const [plain, recorded] = [stepOf(gpu), T.recordCalls(stepOf(twin))];
      for (let i = 0; i < 3; i += 1) close(recorded(...onGpu)[0], plain(...onGpu), 1e-5);
    });
    check(`${name}: bfloat16 is close to float32`, () => {
      const short = T.noGrad(() => T.autocast("bfloat16", () => gpu.forward(...onGpu)));
      close(
        short,
        T.noGrad(() => gpu.forward(...onGpu)),
        5e-2,
      );
    });
  }
}

async function main() {
  const gpus = outputOf("nvidia-smi", ["-L"]);
  if (!gpus) throw new Error("no GPU that nvidia-smi lists: run this on a machine with one");
  console.log(gpus);
  process.env.LIBTORCH = cudaLibtorch();
  run(process.execPath, [join(repo, "scripts/setup.mjs"), "--build"]);
  await compare();
  const dsbm = (words) =>
    run(process.execPath, [join(repo, "packages/command/cli/bin/dsbm.mjs"), ...words], {
      cwd: scratch,
    });
  const training = ["train", "dataset=moons", "device=cuda", "num_iter=50", "plot_level=0"];
  check("dsbm train device=cuda", () => dsbm([...training, "n_ipf=1"]));
  check("dsbm train device=cuda, made longer", () => dsbm([...training, "n_ipf=2"]));
  check("golden tensors", () => run(process.execPath, [join(repo, "scripts/test.mjs"), "parity"]));
  check("benchmark", () =>
    run(process.execPath, [join(repo, "bench/bench.mjs"), "--device", "cuda", "--only", rows]),
  );
  console.log(failureCount === 0 ? "all passed" : `${failureCount} failed`);
  if (failureCount > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
