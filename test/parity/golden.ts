// Golden tensors made by the reference implementation; another folder of the same names can be put through.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { io, type Tensor } from "@dsbm/torch";
import { expect } from "vitest";

const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL("golden", import.meta.url));

/** The tensors of a golden file, by name. A missing file fails the test. */
export function golden(name: string): (key: string) => Tensor {
  const path = `${folder}/${name}.safetensors`;
  expect(existsSync(path), `${path} is missing`).toBe(true);
  const { tensors } = io.loadTensors(path);
  return (key) => {
    const found = tensors.get(key);
    if (!found) throw new Error(`${path} has no tensor ${key}`);
    return found;
  };
}

/** All tensors of a file under a prefix, the prefix removed. */
export function goldenGroup(name: string, prefix: string): Map<string, Tensor> {
  const { tensors } = io.loadTensors(`${folder}/${name}.safetensors`);
  return new Map(
    [...tensors]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, t]) => [key.slice(prefix.length), t]),
  );
}

/** Largest difference, relative to the largest expected magnitude. */
export function relativeError(actual: Tensor, expected: Tensor): number {
  const [a, e] = [actual.detach().to("float64"), expected.to("float64")];
  expect(a.shape).toEqual(e.shape);
  const scale = e.abs().amax().item();
  return a.sub(e).abs().amax().item() / (scale === 0 ? 1 : scale);
}

export function expectClose(actual: Tensor, expected: Tensor, tolerance = 1e-5): void {
  expect(relativeError(actual, expected)).toBeLessThanOrEqual(tolerance);
}
