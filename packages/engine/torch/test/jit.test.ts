// TorchScript archives: the numbers of a module against the same formula in tensor operations, its lifetime,
// and files and calls that are refused. fixtures/make_torchscript.py made the files.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unzipSync, zipSync } from "fflate";
import { beforeAll, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { scratch } from "../../../../test/support/scratch.js";
import * as T from "../src/index.js";
import { distance } from "./kernel/in-double.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const features = fixture("features.pt");
const load = (path: string) => T.jit.load(path, { trust: true });

beforeAll(() => T.setNumThreads(1));
const folder = scratch();

const images = (n: number, seed = 1) =>
  T.randint(0, 256, [n, 3, 5, 4], { generator: T.Generator.create(seed) }).to("uint8");

/** What the fixture's forward computes, written again. */
function expectedOutput(img: T.Tensor) {
  return T.tidy(() => {
    const weight = T.tensor(
      Array.from({ length: 8 }, (_, i) => [0, 1, 2].map((j) => Math.cos(i + 3 * j))),
    );
    const x = img.to("float32").div(255);
    const mixed = T.einsum("fc,nchw->nfhw", [weight, x]).add(
      T.arange(0, 8).div(8).reshape([8, 1, 1]),
    );
    return mixed.tanh().mean([2, 3]);
  });
}

describe("a TorchScript module", () => {
  it("gives the numbers of its formula, with dropout off, the same at every call", () => {
    const module = load(features);
    const img = images(6);
    const got = module.forward([img], { return_features: true });
    expect([got.dtype, got.shape]).toEqual(["float32", [6, 8]]);
    expect(distance(got, expectedOutput(img))).toBeLessThan(1e-6);
    for (let i = 0; i < 4; i++)
      expect(module.forward([img], { return_features: true }).toNumbers()).toEqual(got.toNumbers());
    const plain = module.forward([img]);
    expect(distance(plain, expectedOutput(img).softmax(1))).toBeLessThan(1e-6);
    expect(distance(plain, got)).toBeGreaterThan(0.1);
  });

  it("leaves nothing behind", async () => {
    await collectGarbage();
    const module = load(features);
    const before = T.memory();
    T.tidy(() => {
      for (let i = 0; i < 20; i++) module.forward([images(3)]);
    });
    expect(T.memory().live).toBe(before.live);
    expect(T.memory().current).toBe(before.current);
  });

  it("refuses a bad call in one line", () => {
    const module = load(features);
    const failing: [() => unknown, RegExp][] = [
      [() => module.forward([T.zeros([1, 3, 4, 4])]), /features\.pt: .*ValueError: expected uint8/],
      [() => module.forward([]), /features\.pt: .*missing value for argument 'img'/],
      [() => module.forward([images(1), images(1)]), /Expected a value of type 'bool'/],
      [() => module.forward([images(1)], { loud: true }), /Unknown keyword argument 'loud'/],
      [() => module.forward([images(1)], { return_features: 1 as never }), /true or false, got 1/],
      [() => module.forward(images(1) as never), /expected a list of tensors/],
    ];
    for (const [act, message] of failing) {
      expect(act).toThrow(T.TorchError);
      expect(act).toThrow(message);
      expect(act).not.toThrow(/\n|Traceback/);
    }
    const pair = load(fixture("pair.pt"));
    expect(() => pair.forward([T.zeros([2])])).toThrow(
      /pair\.pt: .*type Tuple; expected one tensor/,
    );
    expect(module.forward([images(1)]).shape).toEqual([1, 8]);
  });

  it("refuses to be recorded, and works afterwards", () => {
    const module = load(features);
    expect(() => T.recordCalls((x) => module.forward([x]))(images(1))).toThrow(
      expect.objectContaining({ code: "ERR_TORCH_RECORDING" }),
    );
    expect(() =>
      T.recordCalls((x) => {
        load(features);
        return x.add(1);
      })(images(1)),
    ).toThrow(/loading a TorchScript module cannot be recorded/);
    expect(module.forward([images(2)]).shape).toEqual([2, 8]);
  });
});

describe("a file without a TorchScript module", () => {
  const refused = (path: string, code: string) => {
    const error = expect.objectContaining({ code, source: path });
    expect(() => load(path)).toThrow(error);
    expect(() => load(path)).not.toThrow(/\n/);
  };

  it("is refused by its name: missing, a folder, weights alone, another format", () => {
    refused(join(folder, "missing.pt"), "Missing");
    refused(folder, "Unreadable");
    refused(fixture("weights.pt"), "NotThisFormat");
    expect(() => load(fixture("weights.pt"))).toThrow(/torch\.save holds weights without/);
    writeFileSync(join(folder, "text.pt"), "no archive");
    refused(join(folder, "text.pt"), "NotThisFormat");
    writeFileSync(join(folder, "empty.pt"), "");
    refused(join(folder, "empty.pt"), "NotThisFormat");
    expect(() => T.jit.load(features, { device: "cuda:7", trust: true })).toThrow(T.TorchError);
  });

  it("is refused wherever it was cut", () => {
    const whole = readFileSync(features);
    const path = join(folder, "cut.pt");
    for (let k = 0; k < 40; k++) {
      writeFileSync(path, whole.subarray(0, Math.floor((whole.length * k) / 40)));
      refused(path, "NotThisFormat");
    }
  });

  it("is refused if a bit of its weights was flipped", () => {
    const whole = readFileSync(features);
    // The convolution's bias, 0, 1/8, …, as it lies in the file.
    const at = whole.indexOf(Buffer.from(new Float32Array([0, 0.125, 0.25, 0.375]).buffer));
    expect(at).toBeGreaterThan(0);
    whole[at + 6] ^= 1;
    const path = join(folder, "flipped.pt");
    writeFileSync(path, whole);
    refused(path, "InvalidValue");
    expect(() => load(path)).toThrow(/data\/\d has another checksum/);
  });
});

describe("code beyond an image network", () => {
  const path = join(folder, "hostile.pt");
  const victim = join(folder, "victim");

  /** features.pt with another text of one of its files. */
  function withCode(change: (code: string) => string, file = "features/code/__torch__.py") {
    const records = unzipSync(readFileSync(features));
    const text = new TextDecoder("latin1").decode(records[file]);
    expect(change(text)).not.toBe(text);
    records[file] = new Uint8Array(Buffer.from(change(text), "latin1"));
    writeFileSync(path, zipSync(records, { level: 0 }));
    return path;
  }
  const inForward = (line: string) => (code: string) =>
    code.replace("    if torch.ne(ops.prim.dtype", `    ${line}\n    if torch.ne(ops.prim.dtype`);
  const map = `torch.from_file("${victim}", True, 8)`;
  const hostile: [name: string, change: (code: string) => string, file?: string][] = [
    ["from_file", inForward(`torch.fill_(${map}, 1)`)],
    ["from_file", inForward(`ops.aten.from_file("${victim}", True, 8)`)],
    ["from_file", inForward(`f = torch . from_file`)],
    ["from_file", inForward(`f = torch. # \n    # size\n    from_file("${victim}", True, 8)`)],
    ["save", inForward(`torch.save(img, "${victim}")`)],
    ["save", inForward(`(img).save("${victim}")`)],
    ["getattr", inForward(`getattr(torch, "from\\x5ffile")("${victim}", True, 8)`)],
    // These run while the file is loaded.
    ["from_file", (code) => code.replace("bool=False", `bool=False, y: Tensor=${map}`)],
    ["__setstate__", (code) => code.replace("forward", "__setstate__")],
    ["as_strided_", inForward("torch.as_strided_(img, [1], [1], 99)")],
    ["fork", inForward("fork(img)")],
    [
      "torch.classes",
      (pickle) => pickle.replace("torch.jit.", "torch.classes."),
      "features/data.pkl",
    ],
  ];
  it.each(hostile)("%s is refused before anything runs (%#)", (name, change, file) => {
    writeFileSync(victim, "00000000");
    const refused = expect.objectContaining({ code: "NotTrusted", source: withCode(change, file) });
    expect(() => load(path)).toThrow(refused);
    expect(() => load(path)).toThrow(name);
    expect(readFileSync(victim, "utf8")).toBe("00000000");
  });

  it("is not loaded at all without trust", () =>
    expect(() => T.jit.load(features)).toThrow(/holds code that would run.*trust: true/));
});
