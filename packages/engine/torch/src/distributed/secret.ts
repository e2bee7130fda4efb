// The secret that the ranks of several machines share: who knows it is a rank.
import { hkdfSync } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { DistributedError, reasonOf } from "./errors.js";

const fewest = 16;
const most = 65_536;

/** The bytes of a private file, without a line's end. */
function readPrivate(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw new DistributedError(`the secret ${path} cannot be read: ${reasonOf(error)}`, [], error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > most)
      throw new DistributedError(`the secret ${path} is no file of at most ${most} bytes`);
    if ((stat.mode & 0o077) !== 0 || (process.getuid && stat.uid !== process.getuid()))
      throw new DistributedError(
        `the secret ${path} is not yours alone: make it so by chmod 600, as the user who trains`,
      );
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The secret of a file, else that of DSBM_DIST_SECRET; null without one.
 * Throws a DistributedError for a file that others can read, and for fewer than 16 bytes.
 */
export function readSecret(file?: string | null): Buffer | null {
  const given = process.env.DSBM_DIST_SECRET;
  if (!file && !given) return null;
  const bytes = file ? readPrivate(file) : Buffer.from(given as string);
  const secret = Buffer.from(bytes.toString("latin1").replace(/[\r\n]+$/, ""), "latin1");
  if (secret.length < fewest)
    throw new DistributedError(
      `the secret ${file ? `in ${file}` : "DSBM_DIST_SECRET"} has ${secret.length} bytes: expected at least ${fewest}, such as openssl rand -hex 32 prints`,
    );
  return secret;
}

/** `length` bytes that only who knows the secret can compute (HKDF of RFC 5869, SHA-256). */
export const derive = (secret: Uint8Array, purpose: string, length = 32): Buffer =>
  Buffer.from(hkdfSync("sha256", secret, "", `dsbm ranks: ${purpose}`, length));
