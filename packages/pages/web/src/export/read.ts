import { WebBridgeError } from "../bridge/bridge.js";

const LONG = 2 ** 30;

export function readerOf(source: string | URL): (name: string) => Promise<Uint8Array> {
  const isNode = typeof process !== "undefined" && process.versions?.node !== undefined;
  const text = String(source);
  const isRemote = /^(https?|blob|data):/.test(text);
  if (isNode && !isRemote) return fromDisk(source);
  const folder = `${text.replace(/bridge\.json$/, "").replace(/([^/])$/, "$1/")}`;
  return async (name) => {
    const address = new URL(name, new URL(folder, isNode ? undefined : ownAddress()));
    const answer = await fetch(address);
    if (!answer.ok)
      throw new WebBridgeError(
        `${address} answers ${answer.status}; expected the folder that dsbm export wrote, with ${name}`,
      );
    return bytesOf(answer);
  };
}

/** Browsers give no more than 2 GiB at once. */
async function bytesOf(answer: Response): Promise<Uint8Array> {
  if (!answer.body || Number(answer.headers.get("content-length")) < LONG)
    return new Uint8Array(await answer.arrayBuffer());
  const reader = answer.body.getReader();
  const pieces: Uint8Array[] = [];
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read())
    pieces.push(value as Uint8Array);
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const ownAddress = () => globalThis.document?.baseURI ?? globalThis.location?.href;

function fromDisk(source: string | URL): (name: string) => Promise<Uint8Array> {
  return async (name) => {
    // Names that no bundler follows: browsers have no such modules.
    const load = (module: string) => import(/* @vite-ignore */ /* webpackIgnore: true */ module);
    const [fs, path, url] = await Promise.all(
      ["node:fs/promises", "node:path", "node:url"].map(load),
    );
    const text = /^file:/.test(String(source)) ? url.fileURLToPath(source) : String(source);
    const file = path.join(text.replace(/bridge\.json$/, ""), name);
    try {
      return await wholeFile(await fs.open(file));
    } catch (error) {
      const { message } = error as Error;
      throw new WebBridgeError(
        `${file} cannot be read (${message}); expected the folder that dsbm export wrote`,
      );
    }
  };
}

interface Handle {
  stat(): Promise<{ size: number }>;
  read(bytes: Uint8Array, at: number, length: number): Promise<{ bytesRead: number }>;
  close(): Promise<void>;
}

/** Node reads no more than 2 GiB at once. */
async function wholeFile(file: Handle): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, LONG));
      if (bytesRead === 0) throw new Error("it became shorter meanwhile");
      at += bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}
