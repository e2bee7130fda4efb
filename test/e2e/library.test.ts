// A bridge as programs hold it: every kind of samples in the data's own units, its quality, a copy of it.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { randn, setNumThreads, tensor } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { ConfigError, evaluate, openBridge } from "../../packages/command/cli/src/index.js";
import { scratch } from "./cli.js";
import { imageRun, vectorRun } from "./sample.js";

const root = scratch();
beforeAll(() => setNumThreads(1));

describe("bridge.sample", () => {
  it("gives the same numbers for every kind of samples, of the kind that went in", async () => {
    using bridge = openBridge(vectorRun(join(root, "vectors")), { threads: 1 });
    const rows = [
      [0, 1],
      [2, -1],
      [0.5, 0.25],
    ];
    const how = { seed: 5 };
    const { x: asRows, nfe } = await bridge.sample(rows, how);
    expect(nfe).toBe(5);
    expect(asRows.map((row) => row.length)).toEqual([2, 2, 2]);
    const data = Float32Array.from(rows.flat());
    const { x: typed } = await bridge.sample({ data, shape: [3, 2] }, how);
    expect(typed.data).toBeInstanceOf(Float32Array);
    expect(Array.from(typed.data)).toEqual(asRows.flat());
    for (const dtype of ["float32", "float64"] as const) {
      const { x } = await bridge.sample(tensor(rows, { dtype }), how);
      expect([x.dtype, x.shape, x.toNumbers()]).toEqual([dtype, [3, 2], asRows.flat()]);
    }
    const { times, states } = await bridge.paths(rows, how);
    expect(times).toHaveLength(6);
    expect(states[0]).toEqual(rows);
    expect(states.at(-1)).toEqual(asRows);
    expect((await bridge.sample(rows, { ...how, direction: "b" })).x).not.toEqual(asRows);
  });

  it("takes images as bytes, and gives bytes", async () => {
    using bridge = openBridge(imageRun(join(root, "pictures")), { threads: 1 });
    expect(bridge.shape).toEqual([1, 8, 8]);
    const bytes = new Uint8Array(2 * 64).fill(200);
    const { x } = await bridge.sample({ data: bytes, shape: [2, 1, 8, 8] });
    expect(x.data).toBeInstanceOf(Uint8Array);
    const floats = tensor(
      Float32Array.from(bytes, (b) => b / 127.5 - 1),
      { shape: [2, 1, 8, 8] },
    );
    const { x: y } = await bridge.sample(floats);
    const wanted = Array.from(y.toNumbers(), (v) =>
      Math.round(Math.min(Math.max(127.5 * (v + 1), 0), 255)),
    );
    expect(Array.from(x.data)).toEqual(wanted);
  });

  it("refuses other samples in one line, with a code that tells the faults apart", async () => {
    const folder = vectorRun(join(root, "refusing"));
    expect(() => openBridge(folder, { half_iterations: 1 } as never)).toThrow(
      /^unknown key "half_iterations": did you mean "half_iteration"\?$/,
    );
    using bridge = openBridge(folder, { threads: 1 });
    for (const [x, message, code = "shape"] of [
      [[], /^x is an array without rows; expected a tensor/],
      [
        new Float32Array(4),
        /^x is a Float32Array; expected .*\{ data: Float32Array, shape: \[n, …\] \}/,
      ],
      [[[1, 2, 3]], /^x has shape \[1, 3\]; expected \[n, 2\], the samples of/],
      [[[1, Number.NaN]], /^sample 0 has values that are NaN or infinite/, "not_finite"],
      [randn([2, 2]).to("int64"), /^x is a tensor of int64/],
    ] as const) {
      const error = await bridge.sample(x as never).catch((e: unknown) => e);
      expect((error as ConfigError).message).toMatch(message);
      expect((error as ConfigError).code).toBe(code);
    }
    const wrong = bridge.sample([[1, 2]], { solver: "rk" } as never);
    // Options are properties here, not words of a command line.
    await expect(wrong).rejects.toThrow(/expected sde, .*; write for example solver: "sde"$/);
  });
});

describe("a bridge", () => {
  it("refuses each call once disposed", async () => {
    const bridge = openBridge(vectorRun(join(root, "disposed")), { threads: 1 });
    bridge.dispose();
    for (const call of [
      () => bridge.sample([[1, 2]]),
      () => bridge.paths([[1, 2]]),
      () => bridge.likelihood(randn([1, 2]), { logDensity: (x) => x.sum(1) }),
      () => bridge.conditions([1]),
      () => bridge.units.enter([[1, 2]]),
      () => bridge.evaluate(),
      () => bridge.export(join(root, "disposed.html")),
      () => bridge.save(join(root, "disposed-copy")),
    ])
      await expect((async () => await call())()).rejects.toMatchObject({
        code: "disposed",
        message: expect.stringMatching(/is disposed: open it again$/),
      });
  });

  it("is copied whole, and the copy samples alike", async () => {
    using bridge = openBridge(vectorRun(join(root, "first")), { threads: 1 });
    mkdirSync(join(bridge.folder, "cache"));
    const copy = bridge.save(join(root, "copy"));
    expect(existsSync(join(copy, "cache"))).toBe(false);
    using other = openBridge(copy, { threads: 1 });
    const x = [[1, 2]];
    expect((await other.sample(x)).x).toEqual((await bridge.sample(x)).x);
    expect(() => bridge.save(copy)).toThrow(/is not empty: give a new folder$/);
    expect(readdirSync(root).filter((name) => name.startsWith(".tmp"))).toEqual([]);
  });

  it("is measured as `dsbm evaluate` does", async () => {
    const folder = vectorRun(join(root, "measured"), ["data.n_test=200"]);
    const how = { n: 100, metrics: ["sliced_w2"], threads: 1 } as const;
    const { rows } = await evaluate(folder, how);
    expect(rows.map(({ name, direction }) => [name, direction])).toEqual([
      ["sliced_w2", "f"],
      ["sliced_w2", "b"],
    ]);
    using bridge = openBridge(folder, { threads: 1 });
    expect((await bridge.evaluate(how)).rows).toEqual(rows);
    expect((await bridge.evaluate({ ...how, direction: "b" })).rows).toEqual(rows.slice(1));
    for (const [wrong, message] of [
      [{ sedd: 3 }, /^unknown key "sedd": did you mean "seed"\?/],
      [{ holdout: "x.npy", at: 2 }, /^holdout_at: 2: expected times between/],
      [{ n: 0 }, /^n: expected/],
    ] as const) {
      const error = await bridge.evaluate(wrong as never).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(message);
    }
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(evaluate(folder, { ...how, signal })).rejects.toThrow("enough");
  });
});
