let address: string | null = null;

/** A worker of the script that the page holds. It is no module: a page from a file may start none. */
export function newWorker(): Worker {
  const { script } = globalThis as unknown as { script: Uint8Array<ArrayBuffer> };
  const place = `self.pageAddress=${JSON.stringify(location.href)};`;
  address ??= URL.createObjectURL(new Blob([place, script], { type: "text/javascript" }));
  return new Worker(address);
}
