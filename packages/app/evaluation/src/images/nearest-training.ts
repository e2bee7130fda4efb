// The training image that is nearest to an image: the sign of a bridge that copies.
import { inBatches } from "@dsbm/bridge";
import type { EndpointData } from "@dsbm/datasets";
import { cat, noGrad, type Tensor, tidy, where } from "@dsbm/torch";

/** Training images that are compared at once. */
const imagesOfBlock = 512;
/** The most values of training images that are searched: 43,690 colour images of 32 × 32. */
const mostNumbers = 2 ** 27;

/**
 * The nearest of the first training images [n, …] of a dataset to each image x [m, …] in the network's units: images [m, …]
 * and root mean square distances of their pixels [m]. The caller's scope owns both.
 */
export function nearestTraining(
  x: Tensor,
  { train, plain }: Pick<EndpointData, "train" | "plain">,
): { images: Tensor; distances: Tensor } {
  const size = x.numel / x.size(0);
  const rows = train.narrow(0, 0, Math.min(train.size(0), Math.floor(mostNumbers / size)));
  return noGrad(() => {
    const flat = x.to({ device: "cpu" }).flatten({ startDim: 1 });
    const candidates = inBatches(rows, imagesOfBlock, (stored) => {
      const block = plain(stored).to({ device: "cpu" }).flatten({ startDim: 1 });
      const squares = flat
        .square()
        .sum([1], { keepdim: true })
        .add(block.square().sum(1))
        .sub(flat.mm(block.t()).mul(2));
      const index = squares.argmin({ dim: 1 });
      const found = block.indexSelect(0, index);
      // Exact, also for a copy: the products above round.
      const apart = flat.sub(found).square().sum([1], { keepdim: true });
      return cat([apart, found], { dim: 1 });
    });
    const best = candidates.reduce((a, b) => {
      const isCloser = b.narrow(1, 0, 1).lt(a.narrow(1, 0, 1));
      return where(isCloser, b, a);
    });
    return {
      images: best.narrow(1, 1, size).reshape(x.shape),
      distances: best.select(1, 0).div(size).sqrt(),
    };
  });
}

/** Mean distance of images x [m, …] to their nearest training images. */
export const meanNearestDistance = (
  x: Tensor,
  end: Pick<EndpointData, "train" | "plain">,
): number => tidy(() => nearestTraining(x, end).distances.mean().item());
