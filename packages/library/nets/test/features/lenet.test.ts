// LeNet learns digits, the same for the same seed, and is saved and loaded with its origin; training any classifier.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeImages } from "@dsbm/bridge";
import {
  cat,
  Generator,
  io,
  memory,
  type nn,
  rand,
  randint,
  setNumThreads,
  type Tensor,
  zeros,
} from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { scratch } from "../../../../../test/support/scratch.js";
import { accuracyOf, trainClassifier } from "../../src/features/classifier.js";
import { encodeLeNet, LeNet, type LeNetFacts, loadLeNet } from "../../src/features/lenet.js";

beforeAll(() => setNumThreads(1));
const folder = scratch();

const makeLeNet = (options = {}) => new LeNet({ generator: Generator.create(1), ...options });
const facts: LeNetFacts = { dataset: "mnist_2_3", labels: [2, 3], accuracy: 0.9925, seed: 42 };

/** Two classes of images [n, 1, 16, 16]: the left half is bright, or the right one. */
function halves(n: number, seed: number): { x: Tensor; labels: Tensor } {
  const generator = Generator.create(seed);
  const labels = randint(0, 2, [n], { generator });
  const right = labels.reshape([n, 1, 1, 1]).to("float32");
  const half = [n, 1, 16, 8];
  const x = cat([right.rsub(1).expand(half), right.expand(half)], { dim: 3 });
  const noisy = x.add(rand([n, 1, 16, 16], { generator })).mul(127);
  return { x: noisy.to("uint8"), labels };
}

describe("LeNet", () => {
  it("is small and takes images of any size from 8×8 on, grey or in colour, as bytes or not", () => {
    expect(makeLeNet().parameterCount()).toBe(62_246);
    const names = [...makeLeNet().stateDict().keys()];
    expect(names.slice(0, 3)).toEqual(["conv1.weight", "conv1.bias", "conv2.weight"]);
    for (const channels of [1, 3])
      for (const size of [8, 16, 28, 32]) {
        const model = makeLeNet({ channels, classes: 7 });
        const x = randint(0, 256, [2, channels, size, size]).to("uint8");
        expect(model.forward(x).shape).toEqual([2, 7]);
        expect(model.features(x).shape).toEqual([2, model.dim]);
        expect(model.forward(decodeImages(x)).toNumbers()).toEqual(model.forward(x).toNumbers());
      }
    expect(() => makeLeNet().forward(zeros([2, 3, 28, 28]))).toThrow(
      /\[2,3,28,28\] for a LeNet of 1 channels; expected \[n, 1, H, W\] of at least 8×8/,
    );
    expect(() => makeLeNet().forward(zeros([2, 1, 28, 7]))).toThrow(/at least 8×8/);
    expect(() => makeLeNet().forward(zeros([2, 784]))).toThrow(/expected \[n, 1, H, W\]/);
  });
});

describe("training any network", () => {
  const train = (every: number, network: nn.Module = makeLeNet({ classes: 2 })) => {
    const options = { generator: Generator.create(3), batchSize: 16, epochs: 2, lr: 3e-3, every };
    const losses: number[] = [];
    for (const { loss } of trainClassifier(network, { ...halves(240, 2), ...options }))
      losses.push(loss);
    return { network, losses };
  };
  const weights = ({ network }: { network: nn.Module }) =>
    [...network.stateDict().values()].map((t) => t.toNumbers());

  it("refuses labels that do not belong to the samples, and too few samples", () => {
    const { x, labels } = halves(30, 2);
    const generator = Generator.create(1);
    const wrong = { x, labels: labels.narrow(0, 0, 29), generator, batchSize: 10 };
    expect(() => [...trainClassifier(makeLeNet(), wrong)]).toThrow(/30 samples with labels \[29\]/);
    expect(() => [...trainClassifier(makeLeNet(), { x, labels, generator })]).toThrow(
      /batches of 128/,
    );
  });

  it("is the same for the same seeds, however often it reports", () => {
    const once = train(1);
    const again = train(1);
    const seldom = train(30);
    expect(again.losses).toEqual(once.losses);
    expect(weights(again)).toEqual(weights(once));
    expect(seldom.losses).toEqual([once.losses.at(-1)]);
    expect(weights(seldom)).toEqual(weights(once));
    const test = halves(200, 9);
    expect(accuracyOf(once.network, test.x, test.labels)).toBeGreaterThan(0.99);
  });
});

describe("a LeNet's file", () => {
  const write = (bytes: Uint8Array) => {
    const path = join(folder, "lenet.safetensors");
    writeFileSync(path, bytes);
    return path;
  };

  it("gives the network and its facts back, in colour and with other classes too", () => {
    for (const options of [{}, { channels: 3, classes: 26 }]) {
      const model = makeLeNet(options);
      const back = loadLeNet(write(encodeLeNet(model, facts)));
      expect(back.facts).toEqual(facts);
      expect(back.model.training).toBe(false);
      const x = rand([3, model.channels, 28, 28], { generator: Generator.create(4) });
      expect(back.model.forward(x).toNumbers()).toEqual(model.forward(x).toNumbers());
    }
  });

  it("is refused by its name if it holds no LeNet", async () => {
    await collectGarbage();
    const failing: [Uint8Array, RegExp][] = [
      [io.encodeTensors(makeLeNet().stateDict()), /lenet\.safetensors: expected a classifier that/],
      [new TextEncoder().encode("none"), /lenet\.safetensors: 4 bytes/],
      [encodeLeNet(makeLeNet(), facts).subarray(0, -8), /lenet\.safetensors: .*bytes/],
    ];
    const before = memory().live;
    for (const [bytes, message] of failing) {
      const path = write(bytes);
      expect(() => loadLeNet(path)).toThrow(message);
      expect(() => loadLeNet(path)).not.toThrow(/\n/);
    }
    expect(memory().live).toBe(before);
  });
});
