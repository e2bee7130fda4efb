import { stream } from "@dsbm/bridge";
import { rand, tensor, tidy } from "@dsbm/torch";
import {
  checkDrawn,
  type DataSet,
  type ImageClass,
  newTable,
  type SetOptions,
  type Split,
  type Table,
} from "../data-set.js";
import { invalidOption } from "../errors.js";

const shapes: readonly ImageClass[] = [
  { label: 0, name: "square" },
  { label: 1, name: "circle" },
];

const usualCount: Readonly<Record<Split, number>> = { train: 2000, test: 500 };

const lines = 8;

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
  const draws = tidy(() => rand([n, 3], { generator: stream(seed, purpose) }).toNumbers());
  const images = new Uint8Array(n * size * size);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const [u, v, w] = draws.slice(3 * i, 3 * i + 3);
    const r = size * (0.15 + 0.15 * u);
    const centre = { x: r + (size - 2 * r) * v, y: r + (size - 2 * r) * w };
    const { label } = classes[i % classes.length];
    labels[i] = label;
    const image = images.subarray(i * size * size, (i + 1) * size * size);
    (label === 0 ? square : circle)(image, { size, r, ...centre });
  }
  return newTable({
    name,
    split,
    source: `drawn from seed ${seed}`,
    ...tidy(() => ({
      x: tensor(images, { shape: [n, 1, size, size] }),
      labels: tensor(labels).to("int64"),
    })),
    classes: classes.slice(0, n),
  });
}

interface Figure {
  size: number;
  r: number;
  x: number;
  y: number;
}

const overlap = (k: number, from: number, to: number): number =>
  Math.max(0, Math.min(k + 1, to) - Math.max(k, from));

function square(image: Uint8Array, { size, r, x, y }: Figure): void {
  for (let i = 0; i < size; i++) {
    const height = overlap(i, y - r, y + r);
    for (let j = 0; j < size; j++)
      image[i * size + j] = Math.round(255 * height * overlap(j, x - r, x + r));
  }
}

function circle(image: Uint8Array, { size, r, x, y }: Figure): void {
  for (let i = 0; i < size; i++) {
    const chords = Array.from({ length: lines }, (_, k) => {
      const height = i + (k + 0.5) / lines - y;
      return Math.sqrt(Math.max(0, r * r - height * height));
    });
    for (let j = 0; j < size; j++) {
      const covered = chords.reduce((sum, half) => sum + overlap(j, x - half, x + half), 0);
      image[i * size + j] = Math.round((255 * covered) / lines);
    }
  }
}
