import type { Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";

/** What a view shows and reads: data, settings, and where errors go. */
export interface ViewContext {
  root: HTMLElement;
  samples: { readonly f: Samples | null; readonly b: Samples | null };
  /** Samples of the intermediate times of a course. */
  between: readonly Samples[];
  dataConditions: { readonly f: Conditions | null; readonly b: Conditions | null };
  ends: readonly [string, string];
  settings: PlayerSettings;
  /** Aborted when the player goes. */
  signal: AbortSignal;
  failed(error: Error | null): void;
  /** The page holds no samples where paths of this direction start. */
  lacksStart(): void;
}

/** The part of a player that shows samples on their way. */
export interface View {
  element: HTMLElement;
  restart(): void;
  stop(): void;
}

/** The names of the start and end of paths. */
export const wayOf = ({ settings, ends: [source, target] }: ViewContext) =>
  settings.direction === "f"
    ? { from: source, to: target, end: "b" as const }
    : { from: target, to: source, end: "f" as const };
