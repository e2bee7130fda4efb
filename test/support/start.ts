// Where tests start from: one thread, and the default generator at a seed.
import { manualSeed, setNumThreads } from "@dsbm/torch";
import { beforeEach } from "vitest";

/** Before each test of the file: one thread, and the default generator as after this seed. */
export function startFrom(seed: number): void {
  beforeEach(() => {
    setNumThreads(1);
    manualSeed(seed);
  });
}
