import { fileURLToPath } from "node:url";

export const presets: string = fileURLToPath(new URL("../conf", import.meta.url));
