import { WebBridgeError } from "../bridge/bridge.js";

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
    return new Uint8Array(await answer.arrayBuffer());
  };
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
      return new Uint8Array(await fs.readFile(file));
    } catch (error) {
      const { message } = error as Error;
      throw new WebBridgeError(
        `${file} cannot be read (${message}); expected the folder that dsbm export wrote`,
      );
    }
  };
}
