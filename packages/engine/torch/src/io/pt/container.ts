// The two file formats of torch.save, read as one: a pickle, and storages by key.
import { swapped } from "../elements.js";
import { FormatError } from "../errors.js";
import { itemSize } from "../raw.js";
import { Cursor } from "./cursor.js";
import { stateDicts } from "./globals.js";
import { type PtLimits, pickleLimit } from "./limits.js";
import { type StorageReference, Storages } from "./references.js";
import { type ByteSource, viewOf } from "./source.js";
import { Steps, unpickle, unpickleWhole } from "./unpickle.js";
import { ZipReader } from "./zip-reader.js";

/** A checkpoint whose pickle has been run and whose storages are still in the file. */
export interface Container {
  /** What the pickle describes. */
  root: unknown;
  /** Reads a storage, little-endian; throws where it does not have the size that the pickle gives it. */
  read(storage: StorageReference): Uint8Array;
}

/** Opens either kind, distinguished by the first bytes; throws `NotThisFormat` for anything else. */
export function openContainer(source: ByteSource, limits: Required<PtLimits>): Container {
  const first = source.read(0, Math.min(4, source.length));
  if (first.length === 4 && viewOf(first).getUint32(0, true) === 0x04034b50) {
    return openZip(source, limits);
  }
  if (first[0] === 0x80 && first[1]! >= 2 && first[1]! <= 5) return openLegacy(source, limits);
  throw notThis(source, `begins with the bytes [${first}]`);
}

/** The format since PyTorch 1.6: an archive of NAME/data.pkl, NAME/byteorder and NAME/data/KEY. */
function openZip(source: ByteSource, limits: Required<PtLimits>): Container {
  const { path } = source;
  const zip = new ZipReader(source, limits);
  const pickles = zip.names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const folder = pickles[0]?.slice(0, -"data.pkl".length);
  if (folder === undefined || pickles.length > 1) {
    throw notThis(source, `is a zip archive with ${pickles.length} records data.pkl`);
  }
  if (
    zip.names.some((name) => name.startsWith(`${folder}code/`) || name === `${folder}constants.pkl`)
  ) {
    throw notThis(source, "is a TorchScript archive, a program saved by torch.jit.save");
  }
  const order = zip.has(`${folder}byteorder`)
    ? new TextDecoder("latin1").decode(zip.read(`${folder}byteorder`))
    : "little";
  if (order !== "little" && order !== "big") {
    const problem = `its byte order is ${JSON.stringify(order)}: expected little or big`;
    throw new FormatError("InvalidValue", path, problem);
  }
  if (zip.size(`${folder}data.pkl`) > pickleLimit) {
    const problem = `its pickle has ${zip.size(`${folder}data.pkl`)} bytes: expected at most ${pickleLimit}`;
    throw new FormatError("OutOfRange", path, problem);
  }
  const cursor = new Cursor(zip.read(`${folder}data.pkl`), path);
  const steps = new Steps(limits.maxValues, path);
  const root = unpickleWhole(cursor, stateDicts(new Storages(path)), steps);
  const read = ({ key, dtype, numel }: StorageReference): Uint8Array => {
    const name = `${folder}data/${key}`;
    checkLength(zip.size(name), { key, dtype, numel }, path);
    const bytes = zip.read(name);
    return order === "big" ? swapped(bytes, itemSize[dtype]) : bytes;
  };
  return { root, read };
}

/** What the first pickle of a legacy file holds. */
const magic = 0x1950a86a20f9469cfc6cn;
const version = 1001;

/**
 * The format before PyTorch 1.6: five pickles (magic number, version, the writer's machine, the value,
 * the storages' keys), then each storage as its length in 8 bytes and its elements, little-endian on
 * every machine.
 */
function openLegacy(source: ByteSource, limits: Required<PtLimits>): Container {
  const { path } = source;
  const cursor = new Cursor(source.read(0, Math.min(source.length, pickleLimit)), path);
  const storages = new Storages(path);
  const steps = new Steps(limits.maxValues, path);
  const dialect = stateDicts(storages);
  const next = () => unpickle(cursor, dialect, steps);
  if (next() !== magic) throw notThis(source, "is a pickle without torch.save's magic number");
  const found = next();
  if (found !== version || !(next() instanceof Map)) {
    throw notThis(source, `has version ${shown(found)} of its format, not ${version},`);
  }
  const root = next();
  const keys = next();
  const places = new Map<string, number>();
  let at = cursor.at;
  for (const key of Array.isArray(keys) ? keys : [null]) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined || places.has(storage.key)) {
      const problem = `lists the storage ${shown(key)}: expected each that it uses, once`;
      throw new FormatError("InvalidValue", path, problem);
    }
    const numel = viewOf(source.read(at, 8)).getBigInt64(0, true);
    if (numel !== BigInt(storage.numel)) {
      const problem = `storage ${storage.key} has ${numel} elements: expected ${storage.numel}`;
      throw new FormatError("SizeMismatch", path, problem);
    }
    places.set(storage.key, at + 8);
    at += 8 + storage.numel * itemSize[storage.dtype];
  }
  if (at !== source.length) {
    throw new FormatError(
      at > source.length ? "IncompleteFile" : "SizeMismatch",
      path,
      `${source.length} bytes: expected ${at} from its storages; copy or write it again`,
    );
  }
  const read = (storage: StorageReference): Uint8Array => {
    const place = places.get(storage.key);
    if (place === undefined) {
      throw new FormatError("UnknownName", path, `has no storage ${storage.key}`);
    }
    return source.read(place, storage.numel * itemSize[storage.dtype]);
  };
  return { root, read };
}

function checkLength(
  found: number,
  { key, dtype, numel }: Pick<StorageReference, "key" | "dtype" | "numel">,
  path: string,
): void {
  const expected = numel * itemSize[dtype];
  if (found === expected) return;
  throw new FormatError(
    "SizeMismatch",
    path,
    `storage ${key} has ${found} bytes: expected ${expected} for ${dtype}[${numel}]`,
  );
}

/** A scalar in a few characters; containers may be endless. */
function shown(value: unknown): string {
  return typeof value === "object" ? "(no scalar)" : String(value).slice(0, 40);
}

function notThis(source: ByteSource, found: string): FormatError {
  return new FormatError(
    "NotThisFormat",
    source.path,
    `${found}: expected a file of torch.save, as a zip archive or in the legacy format`,
  );
}
