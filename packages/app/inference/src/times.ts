import type { Direction } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { type TimeConfig, timeScale, timeValues } from "@dsbm/problem";

const close = 1e-9;

/**
 * A process time in the user's units: a dataset's value, a number between, or else the process
 * time.
 */
export function timeLabel(config: TimeConfig, time: number): string {
  const here = timeValues(config).find((one) => Math.abs(one.time - time) < close);
  if (here) return here.value;
  const scale = timeScale(config);
  return String(Number((scale ? scale.from + time * scale.length : time).toPrecision(6)));
}

/** The process time of a user's time. Throws a ConfigError that names `key` for other values. */
export function processTime(config: TimeConfig, label: string, key: string): number {
  const values = timeValues(config);
  const number = label.trim() === "" ? Number.NaN : Number(label);
  const here = values.find(({ value }) => value === label || Number(value) === number);
  if (here) return here.time;
  const scale = timeScale(config);
  const time = scale ? (number - scale.from) / scale.length : Number.NaN;
  if (time >= -close && time <= 1 + close) return Math.min(1, Math.max(0, time));
  const names = values.map(({ value }) => value).join(", ");
  throw new ConfigError(
    `${key}=${label}: expected ${names === "" ? `a time between ${scale?.from} and ${(scale?.from ?? 0) + (scale?.length ?? 1)}` : `one of ${names}${scale ? ", or a time between them" : ""}`}`,
  );
}

/** Start and end of a transport, in process times. */
export interface Journey {
  direction: Direction;
  start: number;
  end: number;
}

/**
 * The journey of the options from and to, or a whole direction. Throws a ConfigError for times that
 * do not fit.
 */
export function journeyOf(
  config: TimeConfig,
  options: { from: string | null; to: string | null; direction: Direction | null },
  usual: Direction,
): Journey {
  const time = (key: "from" | "to") => {
    const label = options[key];
    return label === null ? null : processTime(config, label, key);
  };
  const from = time("from");
  const to = time("to");
  const isBack = from !== null && to !== null ? from > to : from === 1 || to === 0;
  const isGiven = from !== null || to !== null;
  const direction = options.direction ?? (isGiven ? (isBack ? "b" : "f") : usual);
  const start = from ?? (direction === "f" ? 0 : 1);
  const end = to ?? (direction === "f" ? 1 : 0);
  if (direction === "f" ? end - start > close : start - end > close)
    return { direction, start, end };
  throw new ConfigError(
    `from=${timeLabel(config, start)} to=${timeLabel(config, end)} with direction=${direction}: expected ${direction === "f" ? "a later" : "an earlier"} time at to; leave direction out`,
  );
}
