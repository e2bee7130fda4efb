// A method may set a new network's tensors from the data before its first step: moments, or centres of a mixture.
import { type Direction, type End, gathered, type Network, stream } from "@dsbm/bridge";
import { noGrad, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";

/** Rows of an end at most. */
const most = 10_000;

/** Begins a new network of a direction with random rows of both ends, a function of the seed. */
export function beginNetwork(
  { method: { method }, data, process, seed }: CompleteProblem,
  direction: Direction,
  network: Network,
): void {
  const { begin } = method;
  if (!begin) return;
  const { device } = data.x0;
  const generator = stream(seed, `begin/${direction}`, device);
  noGrad(() =>
    tidy(() => {
      const drawn: Partial<Record<End, Tensor>> = {};
      // The same rows of samples and of their conditions.
      const some = (end: End) => {
        const n = data[end].size(0);
        drawn[end] ??= randperm(n, { generator, device }).narrow(0, 0, Math.min(n, most));
        return drawn[end];
      };
      const rows = gathered(data, some, { decode: data.decode, generator });
      begin({ network, direction, data: rows, process, generator });
    }),
  );
}
