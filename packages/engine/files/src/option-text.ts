// How messages write an option: key=value for the command line, or the property of an object for programs.
import { AsyncLocalStorage } from "node:async_hooks";

const objectStyle = new AsyncLocalStorage<true>();

/** Runs a task of the library: its messages write options as properties, `data: { missing: "drop" }`. */
export const withObjectOptions = <T>(task: () => T): T => objectStyle.run(true, task);

/** An option as a property, within `withObjectOptions`; null for the command line, which quotes words for the shell. */
export function objectOption(key: string, value: unknown): string | null {
  if (!objectStyle.getStore()) return null;
  const groups = key.split(".");
  const name = groups.pop() as string;
  return [...groups].reduceRight(
    (inner, group) => `${group}: { ${inner} }`,
    `${name}: ${JSON.stringify(value)}`,
  );
}
