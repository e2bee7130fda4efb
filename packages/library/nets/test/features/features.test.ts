// Distances between images: through a TorchScript file instead of Inception, and through a LeNet.
// Also tests which of them may be called FID.
import { fileURLToPath } from "node:url";
import { decodeImages, frechetScore, imageStatistics } from "@dsbm/bridge";
import {
  arange,
  Generator,
  rand,
  randint,
  setNumThreads,
  type Tensor,
  tensor,
  zeros,
} from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import { inceptionFeatures, toColourBytes } from "../../src/features/inception-features.js";
import { LeNet, lenetFeatures } from "../../src/features/lenet.js";

beforeAll(() => setNumThreads(1));

// Made by make_torchscript.py there: the first 8 of 2048 features are means over pixels of tanh(mixed colours).
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../../engine/torch/test/fixtures/${name}`, import.meta.url));
const inceptionLike = fixture("inception_like.pt");

const bytes = (shape: number[], seed: number) =>
  randint(0, 256, shape, { generator: generatorOf(seed) }).to("uint8");

/** The first 8 features of bytes [n, 3, H, W], written again. */
function eightFeatures(images: Tensor) {
  const weight = tensor(
    Array.from({ length: 8 }, (_, i) => [0, 1, 2].map((j) => Math.cos(i + 3 * j))),
  );
  const x = images.to("float32").div(255).movedim(1, 3);
  return x.matmul(weight.t()).add(arange(0, 8).div(8)).tanh().mean([1, 2]);
}

describe("toColourBytes", () => {
  it("takes images as they would be saved: every byte comes back, the middle rounds, the rest is cut", () => {
    const all = arange(0, 256).to("uint8").reshape([1, 1, 16, 16]);
    const colour = toColourBytes(decodeImages(all));
    expect([colour.dtype, colour.shape]).toEqual(["uint8", [1, 3, 16, 16]]);
    for (const c of [0, 1, 2])
      expect(colour.select(1, c).flatten().toNumbers()).toEqual(all.flatten().toNumbers());
    const odd = tensor([[[[-7, -1.001, 0.0001, 1.001, 9]]]]);
    expect(toColourBytes(odd).select(1, 2).flatten().toNumbers()).toEqual([0, 0, 128, 255, 255]);
    const three = bytes([2, 3, 4, 4], 1);
    expect(toColourBytes(three).toNumbers()).toEqual(three.toNumbers());
  });

  it("refuses other channels and NaN", () => {
    expect(() => toColourBytes(zeros([1, 2, 4, 4]))).toThrow(
      /\[1,2,4,4\]; expected \[n, 1, H, W\]/,
    );
    expect(() => toColourBytes(zeros([4, 4]))).toThrow(/expected \[n, 1, H, W\]/);
    expect(() => toColourBytes(tensor([[[[Number.NaN]]]]))).toThrow(/NaN/);
  });
});

describe("inceptionFeatures", () => {
  it("gives the file's features, of grey and float images too", () => {
    const inception = inceptionFeatures(inceptionLike, { trust: true });
    expect([inception.metric, inception.dim]).toEqual(["fid", 2048]);
    const colour = bytes([5, 3, 8, 8], 2);
    const grey = bytes([5, 1, 8, 8], 3);
    for (const [images, expected] of [
      [colour, eightFeatures(colour)],
      [decodeImages(colour), eightFeatures(colour)],
      [grey, eightFeatures(grey.expand([5, 3, 8, 8]))],
    ]) {
      const got = inception.features(images);
      expect(got.shape).toEqual([5, 2048]);
      expect(distance(got.narrow(1, 0, 8), expected)).toBeLessThan(1e-6);
      expect(got.narrow(1, 8, 2040).abs().max().item()).toBe(0);
    }
  });

  it("names the expected forward of a file with another one", () => {
    const expected = /expected forward\(img: uint8 \[n, 3, H, W\], return_features=True\)/;
    expect(() => inceptionFeatures(fixture("features.pt"), { trust: true })).toThrow(
      /gives float32 \[1,8\] for one image; expected/,
    );
    expect(() => inceptionFeatures(fixture("pair.pt"), { trust: true })).toThrow(expected);
    expect(() => inceptionFeatures(fixture("pair.pt"), { trust: true })).toThrow(
      /Unknown keyword argument/,
    );
    expect(() => inceptionFeatures(fixture("pair.pt"), { trust: true })).not.toThrow(/\n/);
    expect(() => inceptionFeatures(fixture("weights.pt"), { trust: true })).toThrow(
      /expected a whole TorchScript/,
    );
    expect(() => inceptionFeatures(fixture("none.pt"), { trust: true })).toThrow(
      /none\.pt: ENOENT/,
    );
  });
});

describe("lenetFeatures", () => {
  const model = new LeNet({ generator: Generator.create(1) }).eval();
  const lenet = lenetFeatures(model, { batchSize: 64 });
  /** Grey images [n, 1, 16, 16] of noise around a brightness. */
  const noise = (n: number, seed: number, brightness: number) =>
    rand([n, 1, 16, 16], { generator: generatorOf(seed) })
      .sub(0.5)
      .add(brightness);

  it("has a name of its own, and features that do not depend on the batches", () => {
    expect([lenet.metric, lenet.dim]).toEqual(["fid_lenet", 84]);
    const images = noise(150, 1, 0);
    using whole = imageStatistics(lenet, images);
    using parts = imageStatistics(lenetFeatures(model, { batchSize: 1 }), images.split(40));
    expect([whole.n, parts.n]).toEqual([150, 150]);
    expect(distance(whole.gaussian().covariance, parts.gaussian().covariance)).toBeLessThan(1e-7);
    expect(model.features(images).requiresGrad).toBe(true);
    expect(lenet.features(images).requiresGrad).toBe(false);
  });

  it("refuses statistics of other features, images of other channels, and one image", () => {
    const inception = inceptionFeatures(inceptionLike, { trust: true });
    using other = imageStatistics(inception, bytes([4, 1, 8, 8], 7));
    expect(() => frechetScore(lenet, noise(4, 1, 0), other.gaussian())).toThrow(
      /of 84 and of 2048/,
    );
    using real = imageStatistics(lenet, noise(4, 1, 0));
    expect(() => frechetScore(lenet, zeros([4, 3, 16, 16]), real.gaussian())).toThrow(/LeNet of 1/);
    expect(() => frechetScore(lenet, noise(1, 1, 0), real.gaussian())).toThrow(/1 sample/);
    expect(() => imageStatistics(lenet, zeros([0, 1, 16, 16]))).toThrow(/no samples/);
    expect(() => imageStatistics(lenetFeatures(model, { batchSize: 0 }), noise(4, 1, 0))).toThrow(
      /batches of 0/,
    );
  });
});
