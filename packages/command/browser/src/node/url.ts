/** The path of an address of a file. */
export const fileURLToPath = (url: URL | string): string =>
  decodeURIComponent(new URL(url).pathname);
/** The address of a path. */
export const pathToFileURL = (path: string): URL => new URL(`file://${path}`);
