import { invoke, Op } from "../binding/dispatch.js";
import { refusedOption } from "../binding/errors.js";
import { autocastDType } from "../tensor/autocast.js";
import { empty } from "../tensor/create.js";
import { gradEnabled } from "../tensor/grad.js";
import { cat, conv1d, conv2d, pad } from "../tensor/ops.generated.js";
import type { Generator } from "../tensor/random.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { fans, kaimingUniform_, uniform_ } from "./init.js";
import { Module } from "./module.js";
import { standingOf } from "./standing.js";

/** Options of convolutions, equal for all dimensions. */
export interface ConvOptions {
  /** Distance between windows (default 1). */
  stride?: number;
  /** Values added on each side (default 0). */
  padding?: number;
  /** Values beyond the edges: zeros, or the values of the opposite side. */
  paddingMode?: "zeros" | "circular";
  /** The stream of the initial weights (default: the default generator). */
  generator?: Generator | undefined;
}

abstract class Convolution extends Module {
  /** [out, in, kernel, …]. */
  weight: Parameter;
  /** [out]. */
  bias: Parameter;
  readonly #wrap: number;
  readonly #window: { stride: number; padding: number };

  constructor(
    dims: number,
    [inChannels, outChannels, kernelSize]: readonly [number, number, number],
    { stride = 1, padding = 0, paddingMode = "zeros", generator }: ConvOptions = {},
  ) {
    super();
    for (const [name, n] of Object.entries({ inChannels, outChannels, kernelSize, stride }))
      if (!Number.isInteger(n) || n < 1)
        throw refusedOption(`Conv${dims}d: ${name} is ${n}; expected an integer of at least 1`);
    this.#wrap = paddingMode === "circular" ? padding : 0;
    this.#window = { stride, padding: padding - this.#wrap };
    const shape = [outChannels, inChannels, ...new Array<number>(dims).fill(kernelSize)];
    this.weight = new Parameter(kaimingUniform_(empty(shape), { a: Math.sqrt(5), generator }));
    const bound = 1 / Math.sqrt(fans(this.weight).fanIn);
    this.bias = new Parameter(uniform_(empty([outChannels]), -bound, bound, { generator }));
  }

  /** The input with the padding that no kernel adds, and the options of the kernel. */
  protected padded(x: Tensor) {
    const wide = this.#wrap ? padCircular(x, this.#wrap) : x;
    return { x: wide, window: { bias: this.bias, ...this.#window } };
  }
}

function padCircular(x: Tensor, by: number): Tensor {
  if (gradEnabled()) return pad(x, [by, by, by, by], { mode: "circular" });
  // `pad` writes into slices, which an export cannot do.
  let wide = x;
  for (const dim of [2, 3])
    wide = cat([wide.narrow(dim, x.size(dim) - by, by), wide, wide.narrow(dim, 0, by)], { dim });
  return wide;
}

/** Convolution over one dimension: [B, in, L] → [B, out, L′]; weight [out, in, kernel], bias [out]. */
export class Conv1d extends Convolution {
  /** @throws {TorchError} for sizes below 1. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvOptions = {},
  ) {
    super(1, [inChannels, outChannels, kernelSize], options);
  }
  forward(x: Tensor): Tensor {
    const { x: wide, window } = this.padded(x);
    return conv1d(wide, this.weight, window);
  }
}

/** Convolution of images: [B, in, H, W] → [B, out, H′, W′]; weight [out, in, kernel, kernel], bias [out]. */
export class Conv2d extends Convolution {
  /** @throws {TorchError} for sizes below 1. */
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    options: ConvOptions = {},
  ) {
    super(2, [inChannels, outChannels, kernelSize], options);
  }
  forward(x: Tensor): Tensor {
    const { x: wide, window } = this.padded(x);
    const { stride, padding } = window;
    const isMinimal = stride === 1 && padding === 1 && this.#isMinimal(x);
    return isMinimal ? this.#minimal(x) : conv2d(wide, this.weight, window);
  }

  #isMinimal(x: Tensor): boolean {
    const [to, from, ...kernel] = this.weight.shape;
    return (
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
      packed ? invoke(byPacked, x.to(dtype), packed, bias) : invoke(conv3x3Op, x, weight, bias)
    ) as Tensor;
  }
}

const conv3x3Op = new Op("dsbm::conv3x3", "");
const pack = new Op("dsbm::conv3x3_pack", "");
const byPacked = new Op("dsbm::conv3x3_packed", "");
