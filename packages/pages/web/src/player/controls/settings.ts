// The settings of the controls; a page may keep them in its address.
import type { BridgeInfo, Conditions } from "../../bridge/bridge.js";
import type { Direction } from "../../solver/grid.js";

/** What a user sets in a player. */
export interface PlayerSettings {
  direction: Direction;
  solver: "sde" | "heun";
  steps: number;
  /** Particles of the plane. */
  particles: number;
  seed: number;
  /** null: each sample's own. */
  conditions: Record<string, number | string | null>;
}

/** The largest settings. */
export const settingLimits = { steps: 500, particles: 20_000 };

const defaultCondition = (name: string, classes: readonly string[] | null) =>
  name === "y" ? 0 : (classes?.[0] ?? 0);

/** The first settings of a bridge, changed by the settings of a page. */
export function settingsFor(
  info: BridgeInfo,
  { data = null, ...settings }: Partial<PlayerSettings> & { data?: Conditions | null } = {},
): PlayerSettings {
  const solver = info.flow ? (settings.solver ?? "sde") : "sde";
  const ways = solver === "heun" ? (["f", "b"] as const) : info.directions;
  const conditions = info.conditions.map(({ name, classes }) => [
    name,
    settings.conditions?.[name] ??
      (data?.[name] === undefined ? defaultCondition(name, classes) : null),
  ]);
  return {
    steps: info.steps,
    particles: 1000,
    seed: 42,
    ...settings,
    solver,
    direction:
      [settings.direction ?? "f", info.direction].find((way) => ways.includes(way)) ?? ways[0],
    conditions: Object.fromEntries(conditions),
  };
}
