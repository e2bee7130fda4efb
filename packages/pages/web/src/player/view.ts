import type { Bridge, Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";

export interface ViewContext {
  root: HTMLElement;
  samples: { readonly f: Samples | null; readonly b: Samples | null };
  given: { readonly f: Conditions | null; readonly b: Conditions | null };
  ends: readonly [string, string];
  settings: PlayerSettings;
  /** Aborted when the player goes. */
  signal: AbortSignal;
  failed(error: Error | null): void;
}

export interface View {
  element: HTMLElement;
  restart(): void;
  stop(): void;
}

/** The names of the start and end of paths. */
export const wayOf = ({ settings, ends: [source, target] }: ViewContext) =>
  settings.direction === "f"
    ? { from: source, to: target, start: "f" as const, end: "b" as const }
    : { from: target, to: source, start: "b" as const, end: "f" as const };

export const columnNames = ({ info: { columns, shape } }: Bridge): readonly string[] =>
  columns ?? Array.from({ length: shape[0] ?? 0 }, (_, k) => `x${k + 1}`);
