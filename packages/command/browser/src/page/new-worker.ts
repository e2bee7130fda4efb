let address: string | null = null;

/** A worker of the script that the page holds. It is no module: a page from a file may start none. */
export function newWorker(): Worker {
  const { script } = globalThis as unknown as { script: Uint8Array<ArrayBuffer> };
  address ??= URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Worker(address);
}
