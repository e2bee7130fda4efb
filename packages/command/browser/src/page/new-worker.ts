let address: string | null = null;
let spare: Worker | null = null;

/** A worker of the script that the page holds. It is no module: a page from a file may start none. */
function startWorker(): Worker {
  const { script } = globalThis as unknown as { script: Uint8Array<ArrayBuffer> };
  const place = `self.pageAddress=${JSON.stringify(location.href)};`;
  address ??= URL.createObjectURL(new Blob([place, script], { type: "text/javascript" }));
  return new Worker(address);
}

/** Starts the next worker while the user reads: its script takes longer than the first look at a table. */
export function prepareWorker(): void {
  spare ??= startWorker();
}

/** The prepared worker, or a new one. */
export function newWorker(): Worker {
  const worker = spare ?? startWorker();
  spare = null;
  return worker;
}
