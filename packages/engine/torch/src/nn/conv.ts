// Convolutions, with PyTorch's names and PyTorch's default initialisation.

import { invoke, Op } from "../binding/dispatch.js";
import { invalid } from "../binding/errors.js";
import { autocastDType } from "../tensor/autocast.js";
import { empty } from "../tensor/create.js";
import { conv1d, conv2d, pad } from "../tensor/ops.generated.js";
import type { Generator } from "../tensor/random.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { fans, kaimingUniform_, uniform_ } from "./init.js";
import { Module } from "./module.js";
import { standingOf } from "./standing.js";

export type Size = number | readonly number[];

const paddingModes = ["zeros", "reflect", "replicate", "circular"] as const;
/** Values beyond the edges: zeros, the mirror image, the edge, or the opposite side. */
export type PaddingMode = (typeof paddingModes)[number];

export interface ConvOptions {
  stride?: Size;
  padding?: Size;
  paddingMode?: PaddingMode;
  dilation?: Size;
  /** Number of groups of channels, each convolved by itself; divides both numbers of channels. */
  groups?: number;
  bias?: boolean;
  /** The stream of the initial weights; the default generator where it is not given. */
  generator?: Generator | undefined;
}

function whole(value: number, least: number, what: string): number {
  if (!Number.isInteger(value) || value < least)
    throw invalid(`${what} is ${value}; expected an integer of at least ${least}`);
  return value;
}

function sizes(value: Size, dims: number, least: number, what: string): number[] {
  const list = typeof value === "number" ? new Array<number>(dims).fill(value) : [...value];
  if (list.length !== dims)
    throw invalid(`${what} has ${list.length} numbers; expected one, or ${dims}`);
  return list.map((n) => whole(n, least, what));
}

abstract class Convolution extends Module {
  weight: Parameter;
  bias: Parameter | null;
  readonly paddingMode: PaddingMode;
  readonly #window: {
    stride: number[];
    padding: number[];
    dilation: number[];
    groups: number;
  };

  constructor(
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: Size,
    {
      stride = 1,
      padding = 0,
      paddingMode = "zeros",
      dilation = 1,
      groups = 1,
      bias = true,
      generator,
    }: ConvOptions = {},
  ) {
    super();
    const name = `Conv${dims}d`;
    whole(inChannels, 1, `${name}: the number of input channels`);
    whole(outChannels, 1, `${name}: the number of output channels`);
    whole(groups, 1, `${name}: groups`);
    if (inChannels % groups !== 0 || outChannels % groups !== 0)
      throw invalid(
        `${name}: ${groups} groups for ${inChannels} input and ${outChannels} output channels; expected a divisor of both`,
      );
    if (!paddingModes.includes(paddingMode))
      throw invalid(
        `${name}: paddingMode is ${paddingMode}; expected one of ${paddingModes.join(", ")}`,
      );
    this.paddingMode = paddingMode;
    const kernel = sizes(kernelSize, dims, 1, `${name}: the kernel size`);
    this.#window = {
      stride: sizes(stride, dims, 1, `${name}: stride`),
      padding: sizes(padding, dims, 0, `${name}: padding`),
      dilation: sizes(dilation, dims, 1, `${name}: dilation`),
      groups,
    };
    const shape = [outChannels, inChannels / groups, ...kernel];
    this.weight = new Parameter(kaimingUniform_(empty(shape), { a: Math.sqrt(5), generator }));
    const bound = 1 / Math.sqrt(fans(this.weight).fanIn);
    this.bias = bias
      ? new Parameter(uniform_(empty([outChannels]), -bound, bound, { generator }))
      : null;
  }

  protected get slidesByOne(): boolean {
    const { stride, padding, dilation, groups } = this.#window;
    return [groups, ...stride, ...padding, ...dilation].every((n) => n === 1);
  }

  protected padded(x: Tensor) {
    const window = { bias: this.bias, ...this.#window };
    if (this.paddingMode === "zeros") return { x, window };
    const { padding } = window;
    // The last dimension comes first.
    const sides = padding.toReversed().flatMap((n) => [n, n]);
    return {
      x: pad(x, sides, { mode: this.paddingMode }),
      window: { ...window, padding: padding.map(() => 0) },
    };
  }
}

/** Convolution over one dimension: [B, in, L] → [B, out, L′]; weight [out, in/groups, kernel], bias [out]. */
export class Conv1d extends Convolution {
  /** Throws a TorchError for wrong sizes, groups or paddingMode. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size,
    options: ConvOptions = {},
  ) {
    super(1, inChannels, outChannels, kernelSize, options);
  }
  forward(x: Tensor): Tensor {
    const { x: wide, window } = this.padded(x);
    return conv1d(wide, this.weight, window);
  }
}

/** Convolution of images: [B, in, H, W] → [B, out, H′, W′]; weight [out, in/groups, kh, kw], bias [out]. */
export class Conv2d extends Convolution {
  /** Throws a TorchError for wrong sizes, groups or paddingMode. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Size,
    options: ConvOptions = {},
  ) {
    super(2, inChannels, outChannels, kernelSize, options);
  }
  forward(x: Tensor): Tensor {
    const { x: wide, window } = this.padded(x);
    return this.#isMinimal(x) ? this.#minimal(x) : conv2d(wide, this.weight, window);
  }

  #isMinimal(x: Tensor): boolean {
    const [to, from, ...kernel] = this.weight.shape as [number, number, ...number[]];
    return (
      this.slidesByOne &&
      this.paddingMode === "zeros" &&
      [from, to].every((n) => n > 0 && n % 16 === 0) &&
      `${kernel}` === "3,3" &&
      x.device === "cpu" &&
      ["float32", "bfloat16"].includes(autocastDType() ?? x.dtype) &&
      x.ndim === 4 &&
      Math.min(x.size(2), x.size(3)) > 3
    );
  }

  #minimal(x: Tensor): Tensor {
    const { weight, bias } = this;
    const packed = standingOf(this, "3x3", () => invoke(pack, weight.detach(), false) as Tensor);
    const dtype = autocastDType() ?? x.dtype;
    return (
      packed ? invoke(byPacked, x.to(dtype), packed, bias) : invoke(plain, x, weight, bias)
    ) as Tensor;
  }
}

const plain = new Op("dsbm::conv3x3", "");
const pack = new Op("dsbm::conv3x3_pack", "");
const byPacked = new Op("dsbm::conv3x3_packed", "");
