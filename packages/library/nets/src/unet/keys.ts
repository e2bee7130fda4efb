import { argumentError, type BridgeError } from "@dsbm/bridge";

/** A list of numbers, or its text "0.5,1,1". */
export type NumberList = string | number | readonly number[];

type Wrong = (message: string) => BridgeError;

/** A default (undefined: required) and a reader; `wrong` makes the error. */
export interface Key<Given, Value> {
  preset: unknown;
  read(value: Given, key: string, wrong: Wrong): Value;
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

/** The first value is the default. */
export const among = <T extends string>(...words: [T, ...T[]]) =>
  checked<T>(
    words[0],
    (value) => words.includes(value),
    `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
  );

/** The published network has one value: another is refused with the reason. */
export const only = <T extends string | number>(value: T, reason: string) =>
  checked<T>(value, (option) => option === value, `${value}, since ${reason}`);

export const numbers = (preset: readonly number[]): Key<NumberList, readonly number[]> => ({
  preset,
  read(value, key, wrong) {
    const parts =
      typeof value === "string" ? value.split(",").filter((s) => s.trim()) : [value].flat();
    return parts.map((part) => {
      const n = Number(part);
      if (n > 0 && Number.isFinite(n)) return n;
      throw wrong(`${key} has the entry "${part}"; expected positive numbers such as "${preset}"`);
    });
  },
});

export const numbersOrNone = (
  preset: readonly number[],
): Key<NumberList | null, readonly number[]> => ({
  preset,
  read: (value, key, wrong) => (value === null ? [] : numbers(preset).read(value, key, wrong)),
});

export const orNull = <G, V>({ read }: Key<G, V>): Key<G | null, V | null> => ({
  preset: null,
  read: (value, key, wrong) => (value === null ? null : read(value, key, wrong)),
});

type Table = Readonly<Record<string, Key<never, unknown>>>;

export type Given<T extends Table> = {
  [K in keyof T]?: T[K] extends Key<infer G, unknown> ? G : never;
};
export type Read<T extends Table> = {
  [K in keyof T]: T[K] extends Key<never, infer V> ? V : never;
};

export const wrongFor =
  (network: string): Wrong =>
  (message) =>
    argumentError(`${network}: ${message}`);

/** Reads and checks all keys. Throws a BridgeError. */
export function readKeys<T extends Table>(network: string, table: T, options: Given<T>): Read<T> {
  const wrong = wrongFor(network);
  const entries = Object.entries(table as Record<string, Key<unknown, unknown>>);
  return Object.fromEntries(
    entries.map(([key, { preset, read }]) => [
      key,
      read(options[key] === undefined ? preset : options[key], key, wrong),
    ]),
  ) as Read<T>;
}
