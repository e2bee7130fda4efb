import { cat, Generator, rand, randn, type Tensor, zeros } from "@dsbm/torch";
import type { Drawn } from "./draw.js";
import type { Kind, Problem } from "./problem.js";

/** Pixels of a side. */
const imageSize = 16;

/** Images [n, 3, 16, 16] of a problem: the source has disks, the target rings. */
export function drawImages({ kind, n, seed }: Problem): Drawn {
  const generator = Generator.create(seed);
  const target = (count: number) => disks(count, { generator, style: "ring" });
  const source = disks(n, { generator, style: "disk" });
  const mixed = (share: number) => {
    const first = Math.round(share * n);
    return cat(
      [disks(first, { generator, style: "disk" }), target(n - first)].filter((t) => t.size(0) > 0),
    );
  };
  const generated: Record<Kind, () => Tensor> = {
    identical: () => target(n),
    nearly: () => target(n),
    "shift .2": () => mixed(0.2),
    "shift .5": () => mixed(0.5),
    source: () => disks(n, { generator, style: "disk" }),
    collapsed: () =>
      target(1)
        .expand([n, 3, imageSize, imageSize])
        .add(randn([n, 3, imageSize, imageSize], { generator }).mul(0.02)),
    wide: () => target(n).mul(Math.sqrt(2.69)),
    "half of the modes": () => disks(n, { generator, style: "ring", most: 0.5 }),
    noise: () => source.add(randn([n, 3, imageSize, imageSize], { generator }).mul(0.3)),
  };
  return { source, generated: generated[kind](), target: target(n), reserve: target(4 * n) };
}

/** Disks of one colour, or rings of another, somewhere on a ground: [n, 3, 16, 16] of −1 … 1. */
function disks(
  n: number,
  { generator, style, most = 1 }: { generator: Generator; style: "disk" | "ring"; most?: number },
): Tensor {
  const between = (low: number, high: number) =>
    rand([n, 1, 1, 1], { generator })
      .mul(high - low)
      .add(low);
  const axis = zeros([imageSize]).add(1).cumsum(0).sub(0.5).div(imageSize);
  const x = between(0.3, 0.3 + 0.4 * most);
  const y = between(0.3, 0.7);
  const radius = between(0.15, 0.3);
  const distance = axis
    .view([1, 1, 1, imageSize])
    .sub(x)
    .square()
    .add(axis.view([1, 1, imageSize, 1]).sub(y).square())
    .sqrt();
  const inside = distance.sub(radius).mul(-20).sigmoid();
  const shape =
    style === "disk" ? inside : inside.sub(distance.sub(radius.mul(0.6)).mul(-20).sigmoid());
  const colours = cat([between(0.2, 1), between(-0.6, 0.6), between(-1, 0)], { dim: 1 });
  return shape
    .mul(colours.add(1))
    .sub(1)
    .add(randn([n, 3, imageSize, imageSize], { generator }).mul(0.05));
}
