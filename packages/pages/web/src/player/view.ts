// What a view of the player is, and what it gets.
import type { Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";

export interface ViewContext {
  /** The player's element, whose colours canvases take. */
  root: HTMLElement;
  /** Samples of the start of each direction; null where there are none. */
  samples: { readonly f: Samples | null; readonly b: Samples | null };
  /** Conditions of these samples, row by row; null where there are none. */
  given: { readonly f: Conditions | null; readonly b: Conditions | null };
  /** Names of both ends, source and target. */
  ends: readonly [string, string];
  settings: PlayerSettings;
  /** Aborted when the player goes. */
  signal: AbortSignal;
  /** Shows an error, or none. */
  failed(error: Error | null): void;
  /** Settings have changed in the view itself. */
  changed(): void;
}

export interface View {
  element: HTMLElement;
  /** Begins again, as the settings are now. */
  restart(): void;
  stop(): void;
}
