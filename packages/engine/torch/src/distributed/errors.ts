import { TorchError } from "../binding/errors.js";

/** A TorchError of several processes, with the ranks that caused it. */
export type RankError = TorchError & { ranks: readonly number[] };

/** An error of several processes; `ranks` caused it. */
export function distributedError(
  message: string,
  ranks: readonly number[] = [],
  cause?: unknown,
): RankError {
  return new TorchError("ERR_TORCH_DISTRIBUTED", message, { ranks, cause }) as RankError;
}

/** Whether an error says which ranks caused it; errors of libtorch's own collectives do not. */
export const isDistributedError = (error: unknown): error is RankError =>
  error instanceof TorchError && error.ranks !== undefined;

/** `rank 3`, `ranks 1 and 3`, `ranks 0, 1 and 3`. */
export function nameRanks(ranks: readonly number[]): string {
  const few = ranks.slice(0, 8);
  const rest = ranks.length - few.length;
  if (few.length === 1) return `rank ${few[0]}`;
  if (rest > 0) return `ranks ${few.join(", ")} and ${rest} more`;
  return `ranks ${few.slice(0, -1).join(", ")} and ${few.at(-1)}`;
}

/** The text of whatever was thrown, without gloo's own file and line. */
export function reasonOf(error: unknown): string {
  // An operation's error has libtorch's message as its cause.
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: "" };
  const text = typeof cause === "string" && cause !== "" ? cause : message;
  return text.replace(/^\[[^\]]*\.(cc|cpp|h|hpp):\d+\]\s*/, "").trim();
}
