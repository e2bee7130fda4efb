// What a view of the player is, and what it gets.
import type { Bridge, Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";

export interface ViewContext {
  root: HTMLElement;
  /** Where paths of a direction start. */
  samples: { readonly f: Samples | null; readonly b: Samples | null };
  /** Row by row. */
  given: { readonly f: Conditions | null; readonly b: Conditions | null };
  ends: readonly [string, string];
  settings: PlayerSettings;
  /** Aborted when the player goes. */
  signal: AbortSignal;
  failed(error: Error | null): void;
  changed(): void;
}

export interface View {
  element: HTMLElement;
  restart(): void;
  stop(): void;
}

/** The names of where paths start and where they lead. */
export const wayOf = ({ settings, ends: [source, target] }: ViewContext) =>
  settings.direction === "f"
    ? { from: source, to: target, start: "f" as const, end: "b" as const }
    : { from: target, to: source, start: "b" as const, end: "f" as const };

/** The names of columns, or their numbers. */
export const columnNames = ({ info: { columns, shape } }: Bridge): readonly string[] =>
  columns ?? Array.from({ length: shape[0] ?? 0 }, (_, k) => `x${k + 1}`);
