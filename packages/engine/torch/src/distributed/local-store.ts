// Where the ranks of one machine meet: a file in a folder that only their user can enter, so that no store listens on the
// network. It goes by the port of the job, as a store that listens would.
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isGone, processName } from "../process-name.js";
import { DistributedError, reasonOf } from "./errors.js";
import { Store } from "./store.js";

/** Who serves a port, and the file of its store. */
interface Served {
  path: string;
  host: string;
  /** The name of its process. */
  owner: string;
  attempt: string;
}

/** Whether a folder is there, or could be made, that belongs to this user and that nobody else can enter. */
function isPrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || (process.getuid && stat.uid !== process.getuid())) return false;
    if ((stat.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return true;
  } catch {
    return false;
  }
}

/** The folder of this user's stores: temporary, or below the home directory where a stranger has taken the name. */
function ownFolder(): string {
  const name = `dsbm-ranks-${process.getuid?.() ?? userInfo().username}`;
  const folders = [join(tmpdir(), name), join(homedir(), ".cache", name)];
  const found = folders.find(isPrivate);
  if (found === undefined)
    throw new DistributedError(
      `no folder for the ranks of this machine to meet in: neither ${folders.join(" nor ")} can be made or is yours alone; set TMPDIR to a folder of your own`,
    );
  return found;
}

function read(pointer: string): Served | null {
  try {
    const { path, host, owner, attempt } = JSON.parse(readFileSync(pointer, "utf8"));
    const isWhole = [path, host, owner, attempt].every((x) => typeof x === "string");
    return isWhole ? { path, host, owner, attempt } : null;
  } catch {
    return null; // not there, or being written
  }
}

/** Removes what processes that are gone have left. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const owner =
      /^store-\d+-(\w+-\d+-\d*)-/.exec(name)?.[1] ??
      (name.startsWith("port-") ? read(path)?.owner : undefined);
    if (owner !== undefined && isGone(owner)) rmSync(path, { force: true });
  }
}

/** Gives a file a second name; false where another file has it. Where there are no hard links, the file is renamed. */
function claim(path: string, name: string): boolean {
  try {
    linkSync(path, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    renameSync(path, name);
    return true;
  }
}

let made = 0;

/** The store of rank 0 for a port of this machine. Throws a DistributedError where another process has it. */
export function serveLocal(port: number, attempt: string, worldSize: number): Store {
  const folder = ownFolder();
  const pointer = join(folder, `port-${port}`);
  sweep(folder);
  const owner = processName();
  const path = join(folder, `store-${port}-${owner}-${made++}`);
  const store = Store.file(path, worldSize);
  const text = JSON.stringify({ path, host: hostname(), owner, attempt } satisfies Served);
  const temporary = `${path}.pointer`;
  try {
    writeFileSync(temporary, text, { mode: 0o600 });
    while (!claim(temporary, pointer)) {
      const other = read(pointer);
      if (other && !isGone(other.owner))
        throw new DistributedError(
          `port ${port} is in use by process ${other.owner.split("-")[1]} on ${other.host}, so rank 0 cannot serve the store there: set MASTER_PORT to a free one on every rank`,
        );
      // Nobody can read it, or its process is gone.
      rmSync(pointer, { force: true });
    }
  } catch (error) {
    store.close();
    rmSync(path, { force: true });
    if (error instanceof DistributedError) throw error;
    throw new DistributedError(`${pointer} cannot be written: ${reasonOf(error)}`, [], error);
  } finally {
    rmSync(temporary, { force: true });
  }
  store.onClose(() => {
    if (read(pointer)?.path === path) rmSync(pointer, { force: true });
  });
  return store;
}

/** The store that rank 0 serves on a port of this machine, as soon as it does. Throws a DistributedError. */
export async function joinLocal(
  port: number,
  { attempt, worldSize, deadline }: { attempt: string; worldSize: number; deadline: number },
): Promise<Store> {
  const pointer = join(ownFolder(), `port-${port}`);
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 300)) {
    const served = read(pointer);
    if (served && served.attempt === attempt && !isGone(served.owner))
      return Store.file(served.path, worldSize);
    if (Date.now() + pause >= deadline)
      throw new DistributedError(
        `no store is served on port ${port} of this machine: has rank 0 started, by the same user, and is MASTER_PORT the same on every rank?`,
        [0],
      );
    await sleep(pause);
  }
}
