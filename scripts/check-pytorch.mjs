// `npm run check:pytorch`: PyTorch reads our files, and we read PyTorch's. Outside `npm test`,
// since it needs a Python that can import torch; without one it says so and succeeds.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { findPython } from "./setup/command.mjs";
import { repo } from "./setup/stamp.mjs";

const script = join(repo, "scripts/check_pytorch.py");
const engine = join(repo, "packages/engine/torch/dist/index.js");

/** A value as both sides describe it: [kind, ...], with a tensor's elements in base64. */
function describe(T, value) {
  if (value === null) return ["null"];
  if (value instanceof T.Tensor) {
    const { dtype, shape, data } = T.io.toRaw(value);
    return ["tensor", dtype, shape, Buffer.from(data).toString("base64")];
  }
  if (Array.isArray(value)) return ["list", value.map((item) => describe(T, item))];
  if (typeof value === "object") {
    const items = value instanceof Map ? [...value] : Object.entries(value);
    return ["dict", items.map((pair) => pair.map((item) => describe(T, item)))];
  }
  if (typeof value === "bigint") return ["int", String(value)];
  return [{ boolean: "bool", number: "number", string: "text" }[typeof value], value];
}

/** A tensor of each type, views among them. */
function someState(T, seed) {
  const generator = T.Generator.create(seed);
  const state = new Map();
  for (const dtype of Object.keys(T.arrayOf)) {
    const t = T.randn([2, 3, 4], { generator }).mul(50).to(dtype);
    state.set(`${dtype}.whole`, t);
    state.set(`${dtype}.transposed`, t.transpose(0, 2));
    state.set(`${dtype}.part`, t.narrow(1, 1, 2));
    state.set(`${dtype}.one`, t.select(0, 0).select(0, 0).select(0, 0));
    state.set(`${dtype}.none`, t.narrow(2, 0, 0));
  }
  return state;
}

/** Writes our side's files and what they hold. */
function write(T, folder, seed) {
  const save = (name, tensors) =>
    writeFileSync(join(folder, `${name}.safetensors`), T.io.encodeTensors(new Map(tensors)));
  const state = [...someState(T, seed)].sort(([p], [q]) => (p < q ? -1 : 1));
  save("state", state);
  const expected = { "state.safetensors": describe(T, new Map(state)) };

  const generator = T.Generator.create(seed);
  const { Linear, SiLU, Sequential } = T.nn;
  const net = new Sequential(
    new Linear(3, 8, { generator }),
    new SiLU(),
    new Linear(8, 2, { generator }),
  );
  const x = T.randn([16, 3], { generator });
  const copy = (prefix, tensors) =>
    [...tensors].map(([name, t]) => [`${prefix}.${name}`, t.detach().clone()]);
  const network = () => copy("network", net.stateDict());
  save("network", [...network(), ["x", x], ["y", net.forward(x).detach()]]);

  const adam = new T.optim.Adam(net.parameters(), { lr: 0.01 });
  const step = () => {
    adam.zeroGrad();
    net.forward(x).square().mean().backward();
    adam.step();
  };
  for (let i = 0; i < 3; i++) step();
  const before = [...network(), ...copy("state", adam.stateDict())];
  step();
  save("adam", [...before, ["x", x], ...copy("after", net.stateDict())]);
  writeFileSync(join(folder, "expected.json"), JSON.stringify(expected));
}

/** Reads PyTorch's files; one check a file. */
function read(T, folder) {
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
  return Object.entries(expected).map(([file, want]) => {
    const name = want === null ? `we refuse PyTorch's ${file}` : `we read PyTorch's ${file}`;
    try {
      return T.tidy(() => {
        const found = JSON.stringify(describe(T, T.io.loadPt(join(folder, file))));
        const wanted = JSON.stringify(want);
        const error =
          found === wanted
            ? null
            : `read as ${found.slice(0, 300)}, expected ${wanted.slice(0, 300)}`;
        return { name, error };
      });
    } catch (error) {
      const refused = want === null && T.io.isFormatError(error);
      return { name, error: refused ? null : `${error.name}: ${error.message}` };
    }
  });
}

async function main() {
  const { values: options } = parseArgs({
    options: { seed: { type: "string", default: "1" }, files: { type: "string", default: "30" } },
  });
  for (const [name, value] of Object.entries(options)) {
    if (!/^\d{1,9}$/.test(value)) throw new Error(`--${name} ${value}: expected a whole number`);
  }
  const python = findPython();
  if (!python) {
    console.log(
      "no python3 that can import torch: nothing to check (apt-get install python3-torch).",
    );
    return;
  }
  if (!existsSync(engine)) throw new Error(`${engine} is missing: run "npm run build" first`);
  const T = await import(engine);
  T.setNumThreads(1);
  const run = (...args) =>
    execFileSync(python, [script, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  const folder = mkdtempSync(join(tmpdir(), "dsbm-check-pytorch-"));
  try {
    const [ours, theirs] = ["ours", "theirs"].map((name) => join(folder, name));
    for (const path of [ours, theirs]) mkdirSync(path);
    T.tidy(() => write(T, ours, Number(options.seed)));
    run("write", theirs, options.seed, options.files);
    const lines = run("read", ours).split("\n");
    const results = lines.filter(Boolean).map((line) => JSON.parse(line));
    results.push(...read(T, theirs));
    for (const { name, error } of results)
      console.log(error ? `✗  ${name}: ${error}` : `✓  ${name}`);
    const failed = results.filter(({ error }) => error).length;
    console.log(`${results.length - failed} passed, ${failed} failed`);
    process.exitCode = failed > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
