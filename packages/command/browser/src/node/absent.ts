// Node's parts that a page lacks: processes, sockets, packages on a disk, control of the collector.

const absent = (what: string) => (): never => {
  throw new Error(`a page has no ${what}`);
};

/** No processes. */
export const spawn = absent("processes");
/** As `spawn`. */
export const spawnSync = absent("processes");
/** No packages. */
export const createRequire = () =>
  Object.assign(absent("packages"), { resolve: absent("packages") });
/** No sockets. */
export const connect = absent("sockets");
/** As `connect`. */
export const createServer = absent("sockets");
/** As `connect`. */
export const lookup = absent("sockets");
/** No flags of V8. */
export const setFlagsFromString = (): void => {};
/** Nothing collects on demand. */
export const runInNewContext = () => () => {};
/** No threads: a worker is one. */
export const Worker = absent("threads");
/** No page above. */
export const parentPort = null;
/** As `parentPort`. */
export const workerData = null;
/** No images but figures in SVG. */
export default absent("library for images");
