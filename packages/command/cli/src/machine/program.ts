import { fileURLToPath } from "node:url";

export const program: string = fileURLToPath(new URL("../../bin/dsbm.mjs", import.meta.url));
