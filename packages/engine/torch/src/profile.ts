// How often each operation ran and how long, on all threads, with its floating point operations.
import { TorchError } from "./binding/errors.js";
import { tidy } from "./binding/handle.js";
import { guarded, native } from "./binding/native.js";
import { noGrad } from "./tensor/grad.js";
import { randn } from "./tensor/random.js";
import type { Tensor } from "./tensor/tensor.js";

export interface OperationTime {
  name: string;
  /** Dtypes and shapes of its tensors, its lists of numbers and its switches: `float32[128, 51] [1, 1] False`. */
  operands: string;
  calls: number;
  seconds: number;
  /** Floating point operations of all calls; 0 if they are unknown or few. */
  flop: number;
}

export interface TracedCall {
  name: string;
  thread: number;
  start: number;
  end: number;
}

export interface Profile {
  operations: OperationTime[];
  trace: TracedCall[];
}

let isOn = false;

/** Begins to time every operation of the process. Throws a TorchError if it has begun. */
export function startProfile(): void {
  if (isOn)
    throw new TorchError("ERR_TORCH_VALUE", "startProfile: it has begun already; stop it first");
  guarded(() => native.profile(true), "startProfile");
  isOn = true;
}

/** Ends the profile and returns it. Throws a TorchError if none has begun. */
export function stopProfile(): Profile {
  if (!isOn)
    throw new TorchError("ERR_TORCH_VALUE", "stopProfile: it has not begun; start it first");
  isOn = false;
  const [totals = [], calls = []] = guarded(() => native.profile(false), "stopProfile") ?? [];
  const operations = grouped(totals, 3).map(([key, count, nanoseconds]) => {
    const space = (key as string).indexOf(" ");
    const name = space < 0 ? (key as string) : (key as string).slice(0, space);
    const operands = space < 0 ? "" : (key as string).slice(space + 1);
    const seconds = (nanoseconds as number) / 1e9;
    const times = count as number;
    return { name, operands, calls: times, seconds, flop: times * flopOf(name, operands) };
  });
  // Nanoseconds of an epoch are more than a double counts.
  const first = BigInt(calls[2] ?? 0);
  const since = (time: number | bigint | string) => Number(BigInt(time) - first) / 1e9;
  const trace = grouped(calls, 4).map(([name, thread, start = 0, end = 0]) => ({
    name: name as string,
    thread: thread as number,
    start: since(start),
    end: since(end),
  }));
  return { operations: operations.sort((a, b) => b.seconds - a.seconds), trace };
}

/** Floating point operations a second of this processor's matrix products [1024, 1024]. */
export function productRate(dtype: "float32" | "bfloat16"): number {
  return noGrad(() =>
    tidy(() => {
      const [a, b] = [0, 1].map(() => randn([1024, 1024]).to(dtype)) as [Tensor, Tensor];
      const times = Array.from({ length: 6 }, () => {
        const start = performance.now();
        tidy(() => void a.mm(b));
        return (performance.now() - start) / 1000;
      });
      return (2 * 1024 ** 3) / Math.min(...times);
    }),
  );
}

function grouped<T>(flat: readonly T[], n: number): T[][] {
  return Array.from({ length: flat.length / n }, (_, i) => flat.slice(n * i, n * i + n));
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function flopOf(name: string, operands: string): number {
  const found = [...operands.matchAll(/(\w*)\[([\d, ]*)\]/g)].map(([, dtype, list]) => ({
    isTensor: dtype !== "",
    sizes: list === "" ? [] : (list as string).split(",").map(Number),
  }));
  const tensors = found.filter(({ isTensor }) => isTensor).map(({ sizes }) => sizes);
  const [stride = [], padding = [], dilation = []] = found
    .filter(({ isTensor }) => !isTensor)
    .map(({ sizes }) => sizes);
  const [a = [], b = [], c = []] = tensors;
  const transposed = operands.includes("True");
  switch (name.replace(/^\w+::/, "")) {
    case "mm":
    case "bmm":
    case "mv":
      return 2 * product(a) * (b.length === 1 ? 1 : (b.at(-1) ?? 0));
    case "addmm":
    case "baddbmm":
    case "addmv":
      return 2 * product(b) * (c.length === 1 ? 1 : (c.at(-1) ?? 0));
    case "linear":
    case "_linear_pointwise":
      return 2 * product(a) * (b[0] ?? 0);
    case "conv2d":
    case "convolution": {
      if (transposed) return 2 * product(a) * product(b.slice(1));
      const out = a.slice(2).map((size, i) => {
        const kernel = (dilation[i] ?? 1) * ((b[i + 2] ?? 1) - 1) + 1;
        return Math.floor((size + 2 * (padding[i] ?? 0) - kernel) / (stride[i] ?? 1)) + 1;
      });
      return 2 * (a[0] ?? 0) * product(out) * product(b);
    }
    case "convolution_backward":
      if (transposed) return 4 * product(b) * product(c.slice(1));
      return 4 * (a[0] ?? 0) * product(a.slice(2)) * product(c);
    case "_scaled_dot_product_flash_attention_for_cpu":
      // q·kᵀ and the product with the values: [B, H, L, E] each.
      return 4 * product(a) * (b.at(-2) ?? 0);
    default:
      return 0;
  }
}
