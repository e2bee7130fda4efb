export type { PlayerSettings } from "./controls/settings.js";
export { mountPlayer, type Player, type PlayerOptions } from "./mount.js";
