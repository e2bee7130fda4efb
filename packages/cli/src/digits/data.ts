// The two digits as points: pixels of MNIST, and their coordinates along principal components.
import {
  keepClasses,
  loadMnist,
  type Mnist,
  type Projection,
  principalComponents,
} from "@dsbm/data";
import { cat, type Tensor, tensor, tidy } from "@dsbm/torch";
import type { StartConfig } from "./config.js";

/** One split of one digit. */
export interface DigitPoints {
  /** Grey values in [−1, 1], [n, 784]. */
  pixels: Tensor;
  /** Coordinates [n, components]. */
  points: Tensor;
}

export interface DigitData {
  /** All ten classes of the training split, for the classifier. */
  mnist: Mnist;
  test: Mnist;
  projection: Projection;
  train: { source: DigitPoints; target: DigitPoints };
  held: { source: DigitPoints; target: DigitPoints };
  dispose(): void;
}

/** Images [n, rows·cols] with grey values in [−1, 1]. */
export function pixelsOf({ images, n, rows, cols }: Mnist): Tensor {
  return tidy(() =>
    tensor(images, { shape: [n, rows * cols] })
      .to("float32")
      .div(127.5)
      .sub(1),
  );
}

/** Loads MNIST and computes the principal components of both digits' training images together. */
export function loadDigits({
  source,
  target,
  components,
}: Pick<StartConfig, "source" | "target" | "components">): DigitData {
  const mnist = loadMnist({ split: "train" });
  const test = loadMnist({ split: "test" });
  const pixels = (from: Mnist, digit: number) => pixelsOf(keepClasses(from, [digit])).keep();
  const [a, b] = [pixels(mnist, source), pixels(mnist, target)];
  const projection = tidy(() => principalComponents(cat([a, b]), { k: components }));
  const place = (of: Tensor): DigitPoints => ({
    pixels: of,
    points: projection.project(of).keep(),
  });
  const train = { source: place(a), target: place(b) };
  const held = { source: place(pixels(test, source)), target: place(pixels(test, target)) };
  return {
    mnist,
    test,
    projection,
    train,
    held,
    dispose() {
      for (const split of [train, held])
        for (const { pixels: p, points } of [split.source, split.target]) {
          p.dispose();
          points.dispose();
        }
      projection.dispose();
    },
  };
}
