import { argumentError, type BridgeError } from "@dsbm/bridge";

/** A list of numbers, or its text "0.5,1,1". */
export type NumberList = string | number | readonly number[];

export const wrongFor =
  (network: string) =>
  (message: string): BridgeError =>
    argumentError(`${network}: ${message}`);

/** Options of a table's keys; a missing key has its default. */
export function withDefaults<T extends object>(defaults: T, options: Partial<T>): T {
  const entries = Object.entries(options).filter(
    ([key, value]) => key in defaults && value !== undefined,
  );
  return { ...defaults, ...Object.fromEntries(entries) };
}

/** Reads a list; null is empty. Throws a BridgeError with the key's name for other text. */
export function readNumbers(network: string, key: string, list: NumberList | null): number[] {
  const parts =
    typeof list === "string" ? list.split(",").filter((s) => s.trim()) : [list ?? []].flat();
  return parts.map((part) => {
    const n = Number(part);
    if (n > 0 && Number.isFinite(n)) return n;
    throw wrongFor(network)(
      `${key} has the entry "${part}"; expected positive numbers such as "1,2,2"`,
    );
  });
}
