import { fileURLToPath } from "node:url";

/** The folder of the presets. */
export const presets: string = fileURLToPath(new URL("../conf", import.meta.url));
