// The nearest training image of each image, and its distance.
import { decodeImages } from "@dsbm/bridge";
import { cat, Generator, randint, tidy } from "@dsbm/torch";
import { expect, it } from "vitest";
import { nearestTraining } from "../src/images/nearest-training.js";

it("a copy is at distance 0 from its training image, a shift of 0.1 at 0.1, in any block", () => {
  tidy(() => {
    const generator = Generator.create(1);
    const train = randint(0, 256, [600, 1, 4, 4], { generator }).to("uint8");
    const at = (row: number) => decodeImages(train.narrow(0, row, 1));
    const x = cat([at(5), at(590), at(3).add(0.1)]);
    const { images, distances } = nearestTraining(x, { train, plain: decodeImages });
    const [first = 1, second = 1, shifted = 1] = distances.toNumbers();
    expect([first, second]).toEqual([0, 0]);
    expect(shifted).toBeCloseTo(0.1, 5);
    expect(images.toNumbers()).toEqual(cat([at(5), at(590), at(3)]).toNumbers());
  });
});
