// Samples of images and fields as bytes of grids.
import { encodeImages } from "@dsbm/bridge";
import { type Datasets, gaussianName } from "@dsbm/datasets";
import { cat, full, type Tensor, tidy } from "@dsbm/torch";

type Shape = [n: number, channels: number, height: number, width: number];

/** Bytes of grids with 1 or 3 channels. */
export interface Painted {
  images: Uint8Array;
  shape: Shape;
}

/**
 * Draws samples [n, …] of a process time. Unless there are 1 or 3 channels, they are drawn side by
 * side.
 */
export type Painter = (x: Tensor, time: number) => Painted;

const gap = 1;

/**
 * The painter of an evaluation, of samples [n, C, H, W]. Images use −1 … 1. Fields use the range of each data channel among
 * `given`, so that source, samples and data are comparable.
 */
export function painterOf(
  datasets: Datasets,
  samples: readonly { x: Tensor; side: "x0" | "x1" }[],
): Painter {
  const real = samples.filter(({ side }) => datasets[side].name !== gaussianName);
  const fields =
    datasets.projection === null && real.some(({ side }) => datasets[side].train.dtype !== "uint8");
  const ranges = fields
    ? tidy(() =>
        rangesOf(cat(real.map(({ x, side }) => physical(datasets, x, side === "x0" ? 0 : 1)))),
      )
    : null;
  return (x, time) =>
    tidy(() => {
      const fields = physical(datasets, x, time);
      const [, channels] = fields.shape as Shape;
      const levels = ranges ? levelsOf(fields, ranges) : fields;
      const isImage = channels === 1 || channels === 3 || (channels === 4 && !ranges);
      const flat = isImage ? levels : sideBySide(levels);
      return {
        images: encodeImages(flat).contiguous().toArray() as Uint8Array,
        shape: flat.shape as Shape,
      };
    });
}

function physical({ x0, x1 }: Datasets, x: Tensor, time: number): Tensor {
  const at0 = x0.shown;
  const at1 = x1.shown;
  if (!at0 || !at1) return (at0 ?? at1)?.(x) ?? x;
  if (time === 0) return at0(x);
  return time === 1 ? at1(x) : at0(x).lerp(at1(x), time);
}

/** The least and the greatest value of each channel. */
function rangesOf(x: Tensor): [number, number][] {
  const channels = x.nanToNum().transpose(0, 1).flatten({ startDim: 1 });
  const highs = channels.amax({ dim: 1 }).toNumbers();
  const lows = channels.amin({ dim: 1 }).toNumbers();
  return lows.map((low, c) => [low, highs[c]]);
}

function levelsOf(x: Tensor, ranges: readonly [number, number][]): Tensor {
  return cat(
    ranges.map(([low, high], c) => {
      const half = (high - low) / 2;
      return x
        .narrow(1, c, 1)
        .sub((low + high) / 2)
        .div(half > 0 ? half : 1);
    }),
    { dim: 1 },
  );
}

/** [n, C, H, W] as [n, 1, H, C·W] with white between the channels. */
function sideBySide(x: Tensor): Tensor {
  const [n, channels, height] = x.shape as Shape;
  const white = full([n, 1, height, gap], 1, { dtype: x.dtype, device: x.device });
  const parts = Array.from({ length: channels }, (_, c) => x.narrow(1, c, 1));
  return cat(
    parts.flatMap((part, c) => (c === 0 ? [part] : [white, part])),
    { dim: 3 },
  );
}
