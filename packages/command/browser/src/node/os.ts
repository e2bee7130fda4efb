// The machine of a page: one thread, and no files of a user.

/** One: a worker runs on one thread. */
export const availableParallelism = (): number => 1;
/** The processor, whose model browsers do not tell. */
export const cpus = () => [{ model: "browser" }];
/** Unknown, so none. */
export const loadavg = (): number[] => [0, 0, 0];
/** What WebAssembly can address. */
export const totalmem = (): number => 2 ** 32;
/** As `totalmem`. */
export const freemem = (): number => totalmem();
/** The folder of temporary files. */
export const tmpdir = (): string => "/tmp";
/** The folder of the user. */
export const homedir = (): string => "/";
/** The name of the machine: pages of one origin share their runs. */
export const hostname = (): string => "page";
/** The user. */
export const userInfo = () => ({ username: "page" });
/** No network. */
export const networkInterfaces = () => ({});
