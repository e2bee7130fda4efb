import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { earlierDirname, overrideDirname } from "../../src/words/name.js";
import { parseOverride, printOverride } from "../../src/words/override.js";
import { expandSweep } from "../../src/words/sweep.js";
import { thrown } from "../thrown.js";

const parse = (words: string[]) => words.map((word) => parseOverride(word));
const expand = (words: string[], multirun = true) =>
  expandSweep(parse(words), { multirun }).map((member) => member.map(printOverride).join(" "));

describe("expandSweep", () => {
  it("is the product in the order given, the first list slowest", () => {
    expect(expand(["dim=5,20", "a=1", "seed=1,2"])).toEqual([
      "dim=5 a=1 seed=1",
      "dim=5 a=1 seed=2",
      "dim=20 a=1 seed=1",
      "dim=20 a=1 seed=2",
    ]);
  });

  it("is one member without lists, with and without multirun", () => {
    expect(expand(["dim=5", "seq=[b,f]"], true)).toEqual(["dim=5 seq=[b,f]"]);
    expect(expand(["dim=5", "seq=[b,f]"], false)).toEqual(["dim=5 seq=[b,f]"]);
    expect(expand([], false)).toEqual([""]);
  });

  it("sweeps over lists, choices, ranges and groups", () => {
    expect(expand(["seq=[b],[b,f]", "method=choice(bm)"])).toEqual([
      "seq=[b] method=bm",
      "seq=[b,f] method=bm",
    ]);
    expect(expand(["+lr=range(1,3)"])).toEqual(["+lr=1", "+lr=2"]);
  });

  it("counts a repeated value or key once", () => {
    expect(expand(["seed=1,1,01,1.0,2"])).toEqual(["seed=1", "seed=01", "seed=2"]);
    expect(expand(["dim=5,20", "dim=50"])).toEqual(["dim=50"]);
    expect(expand(["dim=50", "++dim=5,20"])).toEqual(["++dim=5", "++dim=20"]);
    expect(expand(["n={a:1}", "n={b:2}"])).toEqual(["n={a:1} n={b:2}"]);
    expect(expand(["n=1", "n={b:2}"])).toEqual(["n=1 n={b:2}"]);
    expect(expand(["~x", "+x=1"])).toEqual(["~x +x=1"]);
    expect(expand(["x=1", "~x"])).toEqual(["x=1 ~x"]);
  });

  it("asks for -m when there is a list without it, once for each", () => {
    const error = thrown(() => expand(["dim=5,20", "seed=1", "fb_sequence=b,f"], false));
    expect(error.code).toBe("sweep");
    expect(error.problems).toHaveLength(2);
    expect(error.problems[0]).toContain("add -m");
    expect(error.problems[1]).toContain('write "fb_sequence=[b,f]" for one list');
    expect(error.problems[1]).toContain("\"fb_sequence='b,f'\" for text");
  });

  it("refuses sweeps without end", () => {
    expect(thrown(() => expand(["a=range(101)", "b=range(100)"])).message).toContain(
      "10100 members",
    );
  });
});

describe("overrideDirname", () => {
  const name = (...words: string[]) => overrideDirname(parse(words));

  it.each([
    [["model_name=dsb", "dim=5", "seed=3"], "dim=5,model_name=dsb"],
    [["dim=5", "model_name=dsb"], "dim=5,model_name=dsb"],
    [["+x=1", "++y=2"], "x=1,y=2"],
    [["seed=3"], "defaults"],
    [[], "defaults"],
  ])("%j", (words, expected) => {
    expect(overrideDirname(parse(words))).toBe(expected);
  });

  it.each([
    [["fb_sequence=['b','f']", "lr=1e-4"], /^fb_sequence=b,f,lr=0.0001-[0-9a-f]{8}$/],
    [["data=/tmp/a b.npy"], /^data=a-b.npy-[0-9a-f]{8}$/],
    [["Dataset=array:/tmp/a.npy", "~z"], /^Dataset=a.npy,z-[0-9a-f]{8}$/],
    [["x=%2F"], /^x=-2F-[0-9a-f]{8}$/],
    [["x='..'"], /^x=-[0-9a-f]{8}$/],
    [["x='a\nb'"], /^x=a-b-[0-9a-f]{8}$/],
  ])("%j becomes readable, with a hash", (words, expected) => {
    expect(overrideDirname(parse(words))).toMatch(expected);
  });

  it("cuts a long list, what tells most first, and knows the name that it had", () => {
    const words = ["batch_size=32", "cache_npar=128", "data.n_test=100", "data.n_train=300"];
    const all = parse([...words, "method=dbdsb", "dataset=moons"]);
    expect(overrideDirname(all)).toMatch(
      /^dataset=moons,method=dbdsb,batch_size=32,cache_npar=128-[0-9a-f]{8}$/,
    );
    expect(earlierDirname(all)).toBe(
      "batch_size=32,cache_npar=128,data.n_test=100,data.n_train=300,dataset=moons,method=dbdsb",
    );
    expect(earlierDirname(parse(["data=/tmp/a b.npy"]))).toBe("data=%2Ftmp%2Fa b.npy");
  });

  it("leaves out the excluded keys", () => {
    expect(overrideDirname(parse(["dim=5", "seed=1"]), { exclude: ["dim"] })).toBe("seed=1");
  });

  it("does not depend on spelling or order", () => {
    expect(name("lr=.0001", "dim=5")).toBe(name("dim=+5", "lr=1e-4"));
  });

  it("is one path segment that shells and addresses take as it is, and different values get different names", () => {
    const value = fc.string({ unit: "grapheme", maxLength: 300 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [nameA = "", nameB = ""] = [a, b].map((text) =>
          overrideDirname([{ kind: "set", key: "x", values: [text], sweep: false }]),
        );
        expect(Buffer.byteLength(nameA)).toBeLessThanOrEqual(200);
        expect(nameA).toMatch(/^[\p{L}\p{N}_.,=+-]+$/u);
        expect(decodeURIComponent(new URL(`file:///${nameA}`).pathname)).toBe(`/${nameA}`);
        expect(nameA === nameB).toBe(a === b);
      }),
      { seed: 7, numRuns: 1000 },
    );
  });

  it("keeps long names apart by a hash, without cutting a character in two", () => {
    const long = "é".repeat(150);
    expect(name(`x=${long}a`)).not.toBe(name(`x=${long}b`));
    expect(name(`x=${long}a`)).toMatch(/^x=é+-[0-9a-f]{8}$/);
    expect(name(`x=${"y".repeat(62)}`)).toBe(`x=${"y".repeat(62)}`);
    expect(name(`x=${"y".repeat(63)}`).length).toBeLessThanOrEqual(64);
  });
});
