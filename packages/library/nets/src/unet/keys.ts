// The keys of a network's options as a table: default, type and check of each in one place. An error is one line with
// the name of the network and of the key.
import { argumentError, type BridgeError } from "@dsbm/bridge";

/** A list of numbers, or the same as text on the command line: "0.5,1,1" (7, for a list of one). */
export type NumberList = string | number | readonly number[];

type Wrong = (message: string) => BridgeError;

/** One key: its default (undefined: required), and how a value is read; `wrong` makes the error. */
export interface Key<Given, Value> {
  preset: unknown;
  read(given: Given, key: string, wrong: Wrong): Value;
}

function checked<T>(
  preset: T | undefined,
  isRight: (value: T) => boolean,
  expected: string,
): Key<T, T> {
  return {
    preset,
    read(value, key, wrong) {
      if (isRight(value)) return value;
      throw wrong(
        `${key} is ${typeof value === "string" ? `"${value}"` : value}; expected ${expected}`,
      );
    },
  };
}

export const flag = (preset: boolean) =>
  checked<boolean>(preset, (value) => typeof value === "boolean", "true or false");

/** An integer; required without a default. */
export const whole = (preset?: number, least = 1) =>
  checked<number>(
    preset,
    (value) => Number.isInteger(value) && value >= least,
    `an integer of at least ${least}`,
  );

export const finite = (preset: number, least = Number.NEGATIVE_INFINITY) =>
  checked<number>(
    preset,
    (value) => Number.isFinite(value) && value >= least,
    Number.isFinite(least) ? `${least} or more` : "a number",
  );

export const probability = (preset: number) =>
  checked<number>(preset, (value) => value >= 0 && value <= 1, "a probability between 0 and 1");

/** One of a few words, the first by default. */
export const among = <T extends string>(...words: [T, ...T[]]) =>
  checked<T>(
    words[0],
    (value) => words.includes(value),
    `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
  );

/** The one value that the published network has: another is refused with the reason. */
export const only = <T extends string | number>(value: T, reason: string) =>
  checked<T>(value, (given) => given === value, `${value}, since ${reason}`);

/** Positive numbers. */
export const numbers = (preset: readonly number[]): Key<NumberList, readonly number[]> => ({
  preset,
  read(given, key, wrong) {
    const parts =
      typeof given === "string" ? given.split(",").filter((s) => s.trim()) : [given].flat();
    return parts.map((part) => {
      const n = Number(part);
      if (n > 0 && Number.isFinite(n)) return n;
      throw wrong(`${key} has the entry "${part}"; expected positive numbers such as "${preset}"`);
    });
  },
});

/** The same; null is an empty list. */
export const numbersOrNone = (
  preset: readonly number[],
): Key<NumberList | null, readonly number[]> => ({
  preset,
  read: (given, key, wrong) => (given === null ? [] : numbers(preset).read(given, key, wrong)),
});

/** A key that may be null, and is by default. */
export const orNull = <G, V>({ read }: Key<G, V>): Key<G | null, V | null> => ({
  preset: null,
  read: (given, key, wrong) => (given === null ? null : read(given, key, wrong)),
});

type Table = Readonly<Record<string, Key<never, unknown>>>;

/** What may be given: all keys are optional. */
export type Given<T extends Table> = {
  [K in keyof T]?: T[K] extends Key<infer G, unknown> ? G : never;
};
/** What is read. */
export type Read<T extends Table> = {
  [K in keyof T]: T[K] extends Key<never, infer V> ? V : never;
};

export const wrongFor =
  (network: string): Wrong =>
  (message) =>
    argumentError(`${network}: ${message}`);

/** All keys of a table: given or default, each checked; undefined counts as left out. Throws a BridgeError. */
export function readKeys<T extends Table>(network: string, table: T, given: Given<T>): Read<T> {
  const wrong = wrongFor(network);
  const entries = Object.entries(table as Record<string, Key<unknown, unknown>>);
  return Object.fromEntries(
    entries.map(([key, { preset, read }]) => [
      key,
      read(given[key] === undefined ? preset : given[key], key, wrong),
    ]),
  ) as Read<T>;
}
