// The autoencoder of images: its latent maps and their units, its training, its state.
import { decodeImages } from "@dsbm/bridge";
import { Generator, noGrad, randint, setNumThreads, type Tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { distance } from "../../../../../test/support/numbers.js";
import { Autoencoder } from "../../src/autoencoder/autoencoder.js";
import {
  decodeLatentRows,
  encodeImageRows,
  standardiseLatents,
  trainAutoencoder,
} from "../../src/autoencoder/training.js";

beforeAll(() => setNumThreads(1));

const smallAutoencoder = (options = {}) =>
  new Autoencoder(
    { channels: 3, latent: 8, halvings: 2, width: 8, ...options },
    { generator: Generator.create(1) },
  );

/** Images [n, 3, 16, 16] of 4×4 coloured tiles, as bytes. */
const tiles = (n: number, seed: number): Tensor =>
  tidy(() => {
    const colours = randint(0, 2, [n, 3, 4, 1, 4, 1], { generator: Generator.create(seed) });
    return colours.mul(255).to("uint8").expand([n, 3, 4, 4, 4, 4]).reshape([n, 3, 16, 16]).keep();
  });

const datasets = () => [tiles(40, 2), tiles(24, 3)];
const meanSquare = (x: Tensor) => x.square().mean().item();

function trainedAutoencoder(steps: number): { model: Autoencoder; losses: number[] } {
  const model = smallAutoencoder();
  const options = { datasets: datasets(), generator: Generator.create(4), steps, every: 10 };
  const losses = Array.from(trainAutoencoder(model, options), ({ loss }) => loss);
  return { model, losses };
}

describe("an autoencoder", () => {
  it("halves images to latent maps and doubles latent maps to images, grey or in colour", () => {
    const cases = [
      { channels: 1, latent: 2, halvings: 1, size: [6, 10] },
      { channels: 3, latent: 4, halvings: 2, size: [28, 28] },
      { channels: 3, latent: 8, halvings: 3, size: [16, 32] },
    ];
    for (const { size, ...options } of cases) {
      const model = smallAutoencoder(options);
      const { channels, latent, halvings } = options;
      const [height, width] = size as [number, number];
      const images = randint(0, 256, [2, channels, height, width]).to("uint8");
      const latents = encodeImageRows(model, images);
      const shape = [latent, height / 2 ** halvings, width / 2 ** halvings];
      expect(latents.shape).toEqual([2, ...shape]);
      expect(model.latentShape(images.shape.slice(1))).toEqual(shape);
      expect(decodeLatentRows(model, latents).shape).toEqual(images.shape);
    }
  });

  it("refuses widths without groups, no halvings, and sizes that cannot be halved", () => {
    expect(() => smallAutoencoder({ width: 12 })).toThrow(/width 12 .*expected a multiple of 8/);
    expect(() => smallAutoencoder({ halvings: 0 })).toThrow(
      /0 halvings; expected .* 1 or more halvings/,
    );
    expect(() => smallAutoencoder().latentShape([3, 18, 16])).toThrow(
      /18×16 pixels; expected multiples of 4/,
    );
  });

  it("keeps images that it did not see better than their mean image, the same for the same seed", () => {
    const { model, losses } = trainedAutoencoder(150);
    expect(losses.length).toBe(15);
    const images = decodeImages(tiles(64, 9));
    const back = noGrad(() => decodeLatentRows(model, encodeImageRows(model, images)));
    expect(meanSquare(back.sub(images))).toBeLessThan(0.2 * meanSquare(images));
    expect(trainedAutoencoder(10).losses[0]).toBe(losses[0]);
  });

  it("has latents of mean 0 and deviation 1 in each channel over the images of both datasets", () => {
    const model = smallAutoencoder();
    const images = datasets();
    const latents = standardiseLatents(model, images);
    const [mean, square] = [(z: Tensor) => z, (z: Tensor) => z.square()].map((of) =>
      latents.reduce<Tensor | null>((sum, z) => {
        const part = of(z).mean([0, 2, 3]).div(2);
        return sum?.add(part) ?? part;
      }, null),
    );
    expect(mean?.abs().max().item()).toBeLessThan(1e-4);
    expect(square?.sub(1).abs().max().item()).toBeLessThan(1e-3);
    images.forEach((x, k) => {
      expect(distance(encodeImageRows(model, x), latents[k] as Tensor)).toBeLessThan(1e-5);
    });
  });

  it("gives the same latent maps and images after its state was loaded", () => {
    const model = smallAutoencoder();
    standardiseLatents(model, datasets());
    const copy = smallAutoencoder().loadStateDict(model.stateDict());
    const images = tiles(3, 5);
    const latents = encodeImageRows(model, images);
    expect(encodeImageRows(copy, images).toNumbers()).toEqual(latents.toNumbers());
    expect(decodeLatentRows(copy, latents).toNumbers()).toEqual(
      decodeLatentRows(model, latents).toNumbers(),
    );
  });
});
