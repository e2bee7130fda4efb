import { stream } from "@dsbm/bridge";
import { arange, rand, stack, type Tensor, tensor, tidy } from "@dsbm/torch";
import {
  checkDrawn,
  type DataSet,
  type ImageClass,
  newTable,
  type SetOptions,
  type Table,
  usualCount,
} from "../data-set.js";
import { invalidOption } from "../errors.js";

const shapes: readonly ImageClass[] = [
  { label: 0, name: "square" },
  { label: 1, name: "circle" },
];

/** A dataset of drawn shapes with these labels. */
export function syntheticSet(about: string, labels: readonly number[]): DataSet {
  const classes = shapes.filter(({ label }) => labels.includes(label));
  return { about, classes, load: (options) => load(classes, options) };
}

/**
 * White shapes on black: half-size r uniform between 0.15 and 0.3 of the image, centre uniform, each pixel as bright
 * as its covered part. Several classes alternate. The first images do not depend on n.
 */
function load(all: readonly ImageClass[], options: SetOptions): Table {
  const { name, split, image_size: size = 16, n = usualCount[split], seed = 0 } = options;
  const classes = all.filter(({ label }) => options.classes?.includes(label) ?? true);
  if (size < 4 || size > 1024)
    throw invalidOption(`image_size ${size}: expected 4 to 1024 for ${name}`);
  checkDrawn(n, size ** 2);
  // The stream depends on the shapes, not on the name: a set may have two names.
  const purpose = `synthetic/${classes.map((shape) => shape.name)}/${split}`;
  const labels = Uint8Array.from({ length: n }, (_, i) => classes[i % classes.length].label);
  return newTable({
    name,
    split,
    source: `drawn from seed ${seed}`,
    ...tidy(() => ({
      x: draw(rand([n, 3], { generator: stream(seed, purpose) }), { labels, size }),
      labels: tensor(labels).to("int64"),
    })),
    classes: classes.slice(0, n),
  });
}

/** Bytes [n, 1, size, size] of shapes by three uniform numbers each, [n, 3]. */
function draw(uniforms: Tensor, { labels, size }: { labels: Uint8Array; size: number }): Tensor {
  const pixels = arange(0, size).add(0.5);
  const numbers = uniforms.toNumbers();
  const images = Array.from(labels, (label, i) =>
    tidy(() => {
      const [u, v, w] = numbers.slice(3 * i, 3 * i + 3);
      const r = size * (0.15 + 0.15 * u);
      const [dx, dy] = [v, w].map((at) => pixels.sub(r + (size - 2 * r) * at).abs());
      const covered = (distance: Tensor) =>
        distance
          .neg()
          .add(r + 0.5)
          .clamp({ min: 0, max: 1 });
      const rows = dy.unsqueeze(1);
      const image =
        label === 0
          ? covered(rows).mul(covered(dx))
          : covered(rows.square().add(dx.square()).sqrt());
      return image.mul(255).round().to("uint8").unsqueeze(0);
    }),
  );
  return stack(images);
}
