import { adaptiveAvgPool2d, avgPool2d, cat, type Tensor, tidy } from "@dsbm/torch";

const grid: [number, number] = [4, 4];
const levels = 3;
const smallestSize = 4;

/** Features [n, …] of images [n, C, H, W]. */
export function imageFeatures(images: Tensor): Tensor {
  return tidy(() => {
    let level = images.to("float32");
    const cells = (x: Tensor) => adaptiveAvgPool2d(x, grid).flatten({ startDim: 1 });
    const parts = [cells(level)];
    for (let k = 0; k < levels && Math.min(...level.shape.slice(2)) >= smallestSize; k++) {
      for (const dim of [2, 3]) {
        const size = level.size(dim) - 1;
        parts.push(
          cells(
            level
              .narrow(dim, 1, size)
              .sub(level.narrow(dim, 0, size))
              .abs(),
          ),
        );
      }
      level = avgPool2d(level, 2);
    }
    return cat(parts, { dim: 1 });
  });
}

/**
 * Scales features of images [n, C, H, W] by the deviations of reference images [m, C, H, W]: features [n, k]. Constant
 * features stay small.
 */
export function standardFeatures(reference: Tensor): (images: Tensor) => Tensor {
  const known = imageFeatures(reference);
  const deviation = known.std({ dim: 0, correction: 1 });
  const scale = deviation.clamp({ min: 1e-2 * deviation.max().item() || 1 });
  const mean = known.mean(0, { keepdim: true });
  return (images) => tidy(() => imageFeatures(images).sub(mean).div(scale));
}
