// A player for bridges in pages: particles, pictures and rows on their way.
export type { PlayerSettings } from "./controls/settings.js";
export { mountPlayer, type Player, type PlayerOptions } from "./mount.js";
