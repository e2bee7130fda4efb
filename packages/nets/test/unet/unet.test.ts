// The UNet as a whole: every option runs and trains all parameters, recorded or not, with checkpoints or without.

import { BridgeError, brownian, methods, uniformGrid } from "@dsbm/bridge";
import * as T from "@dsbm/torch";
import { nn, type Tensor, tidy } from "@dsbm/torch";
import { Simulator } from "@dsbm/train";
import { beforeEach, describe, expect, it } from "vitest";
import { distance, seeded } from "../../../../test/support/numbers.js";
import type { UNetOptions } from "../../src/unet/options.js";
import { type Conditions, UNet } from "../../src/unet/unet.js";

beforeEach(() => {
  T.setNumThreads(1);
  T.manualSeed(3);
});

const small: UNetOptions = {
  image_size: 8,
  in_channels: 1,
  model_channels: 16, // two a group: the shift of a lone channel would be normalised away, and train nothing
  channel_mult: [1, 2],
  num_res_blocks: 1,
  num_heads: 2,
  attention_resolutions: [4],
};

/** A network whose zero-initialised layers are not zero, so that everything matters. */
function unet(changes: Partial<UNetOptions> = {}, seed = 1): UNet {
  const net = new UNet({ ...small, ...changes }, { generator: seeded(seed) });
  const generator = seeded(seed + 1);
  for (const p of net.parameters())
    T.noGrad(() => p.add_(T.randn(p.shape, { generator }).mul(0.1)));
  return net;
}

const images = (n: number, channels = 1, size = 8, seed = 5) =>
  T.randn([n, channels, size, size], { generator: seeded(seed) });
const times = (n: number) => T.rand([n], { generator: seeded(6) });
const gradients = (net: UNet) => net.parameters().map((p) => (p.grad as Tensor).rawArray());

describe("the network of the preset", () => {
  it("has 6.6 million parameters for 28×28 pixels, and starts as zero", () => {
    using net = new UNet({ image_size: 28, in_channels: 1 }, { generator: seeded(1) });
    expect(net.parameterCount()).toBe(6_615_361);
    tidy(() => {
      const y = T.noGrad(() => net.eval().forward(images(1, 1, 28), times(1)));
      expect(y.shape).toEqual([1, 1, 28, 28]);
      expect(y.abs().amax().item()).toBe(0);
    });
  });

  it("gets the same weights from the same seed only", () => {
    const weights = (seed: number) => {
      using net = new UNet(small, { generator: seeded(seed) });
      return [...net.stateDict().values()].flatMap((t) => t.toNumbers());
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });
});

describe("every option", () => {
  type Case = [string, Partial<UNetOptions>, (n: number) => { channels: number } & Conditions];
  const plain = () => ({ channels: 1 });
  const classes = (n: number) => ({ channels: 1, y: T.arange(0, n, { dtype: "int64" }) });
  const cases: Case[] = [
    ["the smallest", {}, plain],
    ["three resolutions, two blocks", { channel_mult: "1,2,2", num_res_blocks: 2 }, plain],
    ["one resolution", { channel_mult: [1], attention_resolutions: [8] }, plain],
    ["no attention on the way", { attention_resolutions: "" }, plain],
    ["attention everywhere", { attention_resolutions: "8,4", num_heads_upsample: 4 }, plain],
    ["heads by their channels", { num_head_channels: 4 }, plain],
    ["addition of the time", { use_scale_shift_norm: false }, plain],
    ["resampling in blocks", { resblock_updown: true }, plain],
    ["resampling without convolutions", { conv_resample: false }, plain],
    ["another scale of time", { temb_scale: 1 }, plain],
    ["classes", { num_classes: 4 }, classes],
    ["other channels out than in", { in_channels: 3, out_channels: 2 }, () => ({ channels: 3 })],
    [
      "a condition",
      { in_channels: 3, out_channels: 2 },
      (n) => ({ channels: 2, cond: images(n, 1, 8, 9) }),
    ],
    ["checkpoints", { use_checkpoint: true }, plain],
    ["32 groups", { model_channels: 64 }, plain],
    ["no dropout", { dropout: 0 }, plain],
  ];
  it.each(cases)("runs and trains every parameter: %s", (_, changes, given) =>
    tidy(() => {
      using net = unet(changes);
      const n = 3;
      const { channels, ...conditions } = given(n);
      const y = net.forward(images(n, channels), times(n), conditions);
      expect(y.shape).toEqual([n, net.options.out_channels, 8, 8]);
      y.square().mean().backward();
      const idle = net.namedParameters().filter(([, p]) => !((p.grad?.norm().item() ?? 0) > 0));
      expect(idle.map(([name]) => name)).toEqual([]);
      net.zeroGrad();
    }),
  );

  it("also takes images of other sizes that can be halved as often", () =>
    tidy(() => {
      using net = unet();
      expect(net.forward(T.zeros([1, 1, 6, 10]), times(1)).shape).toEqual([1, 1, 6, 10]);
    }));
});

describe("conditions", () => {
  it("reach the result: time, class, image", () =>
    tidy(() => {
      using net = unet({ num_classes: 3, in_channels: 2, out_channels: 1, dropout: 0 });
      const [x, cond, t] = [images(2), images(2, 1, 8, 9), times(2)];
      const y = T.tensor([0n, 2n]);
      const run = (at: Tensor, given: Conditions) =>
        T.noGrad(() => net.forward(x, at, { y, cond, ...given }));
      const base = run(t, {});
      for (const other of [
        run(t.mul(0.5), {}),
        run(t, { y: T.tensor([0n, 1n]) }),
        run(t, { cond: cond.neg() }),
      ])
        expect(distance(other, base)).toBeGreaterThan(1e-3);
      // The first image's class is the same: so is its result.
      const first = run(t, { y: T.tensor([0n, 1n]) });
      expect(distance(first.select(0, 0), base.select(0, 0))).toBeLessThan(1e-6);
      // A condition is channels after those of x; times may come as [B, 1, 1, 1].
      const joined = T.noGrad(() =>
        net.forward(T.cat([x, cond], { dim: 1 }), t.view([2, 1, 1, 1]), { y }),
      );
      expect(distance(joined, base)).toBe(0);
    }));

  it("that do not fit are refused", () =>
    tidy(() => {
      using net = unet({ channel_mult: [1, 1, 1], attention_resolutions: [] });
      using told = unet({ num_classes: 3, in_channels: 2, out_channels: 1 });
      const t = times(2);
      const refuses = (run: () => Tensor, message: RegExp) => {
        expect(run).toThrow(BridgeError);
        expect(run).toThrow(message);
      };
      refuses(() => net.forward(images(2, 3), t), /x has 3 channels; expected in_channels = 1$/);
      refuses(
        () => net.forward(images(2, 1, 6), t),
        /6×6 cannot be halved 2 times.*multiples of 4/,
      );
      refuses(
        () => net.forward(T.zeros([2, 64]), t),
        /x has shape \[2,64\]; expected \[B, C, H, W\]/,
      );
      refuses(() => net.forward(images(2), times(3)), /t has shape \[3\]; expected one time/);
      refuses(() => net.forward(images(2), t, { y: t }), /the network has no num_classes/);
      const cond = images(2);
      const y = T.tensor([0n, 1n]);
      refuses(
        () => told.forward(images(2), t, { y }),
        /1 channels; .* = 2, those of cond included/,
      );
      refuses(() => told.forward(images(2), t, { cond }), /expected classes y, int64 \[2\]/);
      refuses(
        () => told.forward(images(2), t, { cond, y: y.narrow(0, 0, 1) }),
        /y has shape \[1\]; expected \[2\]/,
      );
      refuses(
        () => told.forward(images(2), t, { cond: images(2, 1, 4), y }),
        /cond has shape \[2,1,4,4\]; expected \[2, C, 8, 8\]/,
      );
    }));
});

describe("training", () => {
  it("drops out, evaluation does not", () =>
    tidy(() => {
      using net = unet({ dropout: 0.3 });
      const run = () => T.noGrad(() => net.forward(images(2), times(2)));
      expect(distance(run(), run())).toBeGreaterThan(1e-3);
      net.eval();
      expect(distance(run(), run())).toBe(0);
    }));

  const train = (
    changes: Partial<UNetOptions>,
    wrap: (f: T.TensorFunction) => T.TensorFunction,
  ) => {
    const net = unet({ dropout: 0.3, ...changes });
    const adam = new T.optim.Adam(net.parameters(), { lr: 1e-3 });
    const step = wrap((x, t) => {
      const loss = net
        .forward(x as Tensor, t as Tensor)
        .sub(x as Tensor)
        .square()
        .mean();
      adam.zeroGrad();
      loss.backward();
      T.optim.clipGradNorm_(adam.parameters, 1);
      adam.step();
      return loss.detach();
    });
    T.manualSeed(8);
    const losses: number[] = [];
    for (let i = 0; i < 3; i++)
      tidy(() => losses.push(([step(images(4, 1, 8, i), times(4))].flat()[0] as Tensor).item()));
    const result = {
      losses,
      weights: net.parameters().map((p) => p.rawArray()),
      grads: gradients(net),
    };
    adam.zeroGrad();
    adam.dispose();
    net.dispose();
    return result;
  };
  const unrecorded = (changes: Partial<UNetOptions>) => train(changes, (f) => f);

  it.each([
    [{}],
    [{ use_checkpoint: true }],
    [{ resblock_updown: true, use_scale_shift_norm: false }],
  ])("recorded is training unrecorded, bit for bit: %j", (changes) => {
    expect(train(changes, (f) => T.recorded(f))).toEqual(unrecorded(changes));
  });

  it("with checkpoints gives the same loss, and gradients up to the order of sums", () =>
    tidy(() => {
      const run = (use_checkpoint: boolean) => {
        using net = unet({ dropout: 0.3, use_checkpoint });
        T.manualSeed(8);
        const loss = net.forward(images(4), times(4)).square().mean();
        loss.backward();
        const grads = net.parameters().map((p) => (p.grad as Tensor).clone());
        net.zeroGrad();
        return { loss: loss.item(), grads };
      };
      const [plain, again] = [run(false), run(true)];
      expect(again.loss).toBe(plain.loss);
      again.grads.forEach((g, i) => {
        const want = plain.grads[i] as Tensor;
        expect(distance(g, want) / want.abs().amax().item()).toBeLessThan(1e-5);
      });
    }));

  it("with checkpoints needs less memory, recorded too", () => {
    const peak = (use_checkpoint: boolean, record: boolean) => {
      using net = unet({ use_checkpoint, num_res_blocks: 3, attention_resolutions: [] });
      const body = (x: Tensor, t: Tensor) => {
        net.forward(x, t).square().mean().backward();
        const norm = (net.out.parameters()[0] as Tensor).grad!.norm();
        net.zeroGrad();
        return norm;
      };
      const step = record ? T.recorded(body as T.TensorFunction) : body;
      return tidy(() => {
        const [x, t] = [images(64), times(64)];
        step(x, t);
        const { current } = T.memory({ resetPeak: true });
        step(x, t);
        return T.memory().peak - current;
      });
    };
    for (const record of [false, true])
      expect(peak(true, record)).toBeLessThan(0.6 * peak(false, record));
  });
});

describe("simulation", () => {
  it("in chunks is simulation at once", () =>
    tidy(() => {
      using net = unet().eval();
      const x = images(7);
      const ends = (chunkRows: number, threads: number) =>
        new Simulator({
          method: methods.rectifiedflow,
          process: brownian({ sigma: 0 }),
          networks: { f: net, b: net },
          chunkRows,
          threads,
        }).endpoints("b", x, { grid: uniformGrid(4), generator: seeded(1) });
      const whole = ends(7, 1);
      expect(distance(whole, x)).toBeGreaterThan(0.1);
      for (const [rows, threads] of [
        [3, 1],
        [3, 2],
        [1, 1],
      ] as const) {
        const scale = whole.abs().amax().item();
        expect(distance(ends(rows, threads), whole) / scale).toBeLessThan(1e-5);
      }
    }));
});

it("is saved and loaded by name", () => {
  using net = unet({ num_classes: 2 });
  using other = unet({ num_classes: 2 }, 3);
  nn.copyState(net, other);
  expect([...other.stateDict().keys()].filter((name) => !/^\w+\./.test(name))).toEqual([]);
  expect(other.stateDict().get("label_emb.weight")?.shape).toEqual([2, 64]);
  tidy(() => {
    const run = (u: UNet) =>
      T.noGrad(() => u.eval().forward(images(2), times(2), { y: T.tensor([0n, 1n]) }));
    expect(distance(run(net), run(other))).toBe(0);
  });
});
