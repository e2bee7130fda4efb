// PyTorch's own generators: the same seed gives the same numbers as in Python.

import { invoke, Op, Opaque } from "../binding/dispatch.js";
import type { Device, DType } from "../binding/dtype.js";
import { ptrOf } from "../binding/handle.js";
import { type External, native, withTorchErrors } from "../binding/native.js";
import { empty } from "./create.js";
import { Tensor } from "./tensor.js";

const defaultSeed = 67_280_421_310_721n;

/** A stream of random numbers whose state can be saved. */
export class Generator extends Opaque {
  #ptr: External;
  private constructor(ptr: External) {
    super();
    this.#ptr = ptr;
  }
  /** A new generator; `seed` is an integer of at least 0 (default: PyTorch's). */
  static create(seed: number | bigint = defaultSeed, device: Device = "cpu"): Generator {
    return new Generator(withTorchErrors(() => native.generator(device, seed)));
  }
  /** The global stream of a device. */
  static default(device: Device = "cpu"): Generator {
    return new Generator(withTorchErrors(() => native.generator(device, null)));
  }
  /** Restarts the stream at an integer seed. */
  manualSeed(seed: number | bigint): this {
    withTorchErrors(() => native.manualSeed(this.#ptr, seed), "manualSeed");
    return this;
  }
  /** The position in the stream as bytes. */
  getState(): Uint8Array {
    using state = new Tensor(withTorchErrors(() => native.generatorState(this.#ptr), "getState"));
    return state.toArray() as Uint8Array;
  }
  /** Restores a state; throws a TorchError for bytes that are none. */
  setState(bytes: Uint8Array): this {
    using state = new Tensor(
      withTorchErrors(() => native.fromBytes(bytes, [bytes.length], "uint8"), "setState"),
    );
    withTorchErrors(() => native.setGeneratorState(this.#ptr, ptrOf(state)), "setState");
    return this;
  }
  /** @internal */
  override pointer(): External {
    return this.#ptr;
  }
}

/** Seeds the default generators of all devices, as torch.manual_seed does. */
export function manualSeed(seed: number | bigint): void {
  withTorchErrors(() => native.manualSeed(null, seed), "manualSeed");
}

/** Generator (default: the global one), dtype and device of random numbers. */
export interface RandomOptions {
  /** The stream to draw from. */
  generator?: Generator | undefined;
  /** Default float32. */
  dtype?: DType;
  /** Default cpu. */
  device?: Device;
}

const ops = {
  randn: new Op("aten::randn", "generator"),
  rand: new Op("aten::rand", "generator"),
  randint: new Op("aten::randint", "low_generator"),
  randperm: new Op("aten::randperm", "generator"),
  noise: new Op("dsbm::noise_", ""),
  noisePairs: new Op("dsbm::noise_pairs_", ""),
  strata: new Op("dsbm::strata_", ""),
  noiseAt: new Op("dsbm::noise_at_", ""),
};

/** Standard normal numbers of shape `size`. */
export function randn(
  size: readonly number[],
  { generator, dtype = "float32", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.randn, size, generator, dtype, undefined, device);
}
/**
 * Standard normal numbers of shape `size`, several times as fast as PyTorch's `randn`: float32 on the processor from
 * one draw of the generator (Philox4x32-10, Salmon 2011). The same on every processor.
 */
export function noise(
  size: readonly number[],
  { generator, dtype = "float32", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.noise, empty(size, { dtype, device }), generator);
}
/** `randn` of shape `size` for the first half of the rows; the second half are its negatives. */
export function noisePairs(
  size: readonly number[],
  { generator, dtype = "float32", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.noisePairs, empty(size, { dtype, device }), generator);
}
/**
 * Times [n] in [eps, 1 − eps], float32 on the processor: one uniform in each of ⌈n/2⌉ equal strata, the first n − ⌈n/2⌉
 * repeated.
 */
export function strata(n: number, eps: number, generator?: Generator): Tensor {
  return invoke(ops.strata, empty([n]), eps, generator);
}
/**
 * Standard normal numbers of shape `size`, the ones from `offset` on of a `stream` of a `key`, float32, by counter
 * (Philox4x32-10, Salmon 2011), the same for every device. `key` and `stream` are integers in [0, 2³²), `offset` in [0,
 * 2⁵³); others throw.
 */
export function noiseAt(
  size: readonly number[],
  { key, stream, offset, device }: { key: number; stream: number; offset: number; device?: Device },
): Tensor {
  const drawn = invoke(ops.noiseAt, empty(size), key, stream, offset);
  return device === undefined || device === "cpu" ? drawn : drawn.to({ device });
}

/** Uniform numbers in [0, 1) of shape `size`. */
export function rand(
  size: readonly number[],
  { generator, dtype = "float32", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.rand, size, generator, dtype, undefined, device);
}

/** Uniform integers from `low` to `high` (not included) of shape `size`. */
export function randint(
  low: number,
  high: number,
  size: readonly number[],
  { generator, dtype = "int64", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.randint, low, high, size, generator, dtype, undefined, device);
}

/** A random order [n] of the integers from 0 to n − 1. */
export function randperm(
  n: number,
  { generator, dtype = "int64", device }: RandomOptions = {},
): Tensor {
  return invoke(ops.randperm, n, generator, dtype, undefined, device);
}
