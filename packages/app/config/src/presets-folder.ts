import { fileURLToPath } from "node:url";

/** The folder of the built-in presets. */
export const presets: string = fileURLToPath(new URL("../conf", import.meta.url));
