// What a view of the player is, and what it gets.
import type { Conditions, Samples } from "../bridge/bridge.js";
import type { PlayerSettings } from "./controls/settings.js";

export interface ViewContext {
  root: HTMLElement;
  /** Where paths of each direction start. */
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
