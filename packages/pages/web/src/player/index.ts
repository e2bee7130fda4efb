// A player for bridges in pages: moving particles, images and rows.
export type { PlayerSettings } from "./controls/settings.js";
export { mountPlayer, type Player, type PlayerOptions } from "./mount.js";
