import { digits, shortNumber } from "@dsbm/files/numbers";
import { duration as durationOf } from "@dsbm/runs/duration";
import type { RunRow } from "../../shared/api.js";

/** A number as reports print it, and as it is typed. */
export { digits, shortNumber };

/** The text of a place of an axis: all its digits, with commas. */
export const tickText = (value: number): string =>
  Number.isInteger(value) ? digits(value) : shortNumber(value, 8);

/** A deviation in the notation of its value: "0.0808 ± 0.00014". */
export function deviationText(value: number, deviation: number): string {
  const size = Math.abs(value);
  const isShort = size >= 1e-3 && size < 1e6 && deviation >= 1e-6 && deviation < 1e-3;
  return isShort ? deviation.toPrecision(2) : digits(deviation, 2);
}

/** Seconds as 42s, 3m07s, 1h05m or 5d03h. */
export const duration = (seconds: number | null): string => durationOf(seconds ?? Number.NaN);

/** "12 kB" or "3.1 MB". */
export const fileSize = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** 2026-11-26 04:10, in the time zone of the browser. */
export function moment(time: string | null): string {
  if (time === null) return "–";
  const at = new Date(time);
  const pad = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** "→", "←", or nothing for both directions. */
export const arrowOf = (direction: string | null): string =>
  direction === null ? "" : direction === "f" ? "→" : "←";

/** Titles of the metrics of training steps. */
export const trainingTitles: Readonly<Record<string, string>> = {
  loss: "Loss",
  rate: "Training steps a second",
  grad_norm: "Norm of the gradient",
};

/** The classes of a run's state: a finished run has the colour of its worst grade. */
export function stateClass({ state, grades }: Pick<RunRow, "state" | "grades">): string {
  const worst = grades.toSorted((a, b) => b.rank - a.rank)[0]?.grade;
  return `state ${state} ${state === "finished" ? (worst ?? "") : ""}`.trim();
}

/** Why a run ended early, then its unreadable files. */
export const faultsOf = ({ state, reason, problems }: RunRow): string[] => [
  ...(reason !== null && state !== "finished" ? [reason] : []),
  ...problems,
];

/** The names of the directions. */
export const directionNames: Readonly<Record<string, string>> = { f: "forward", b: "backward" };

/** The name of a direction with its letter; null: both. */
export const directionTitle = (direction: string | null): string => {
  const name = directionNames[direction ?? ""];
  return name ? `${name} (${direction})` : "both";
};
