import { useEffect, useState } from "preact/hooks";

const everyMs = 500;
const noAnswer =
  "The studio does not answer: it was ended in its terminal, or the connection is lost. This page shows what it had.";

/** The address of a request to the server. */
export function apiPath(name: string, params: Record<string, string> | string[][] = {}): string {
  const query = new URLSearchParams(params).toString();
  return `api/${name}${query === "" ? "" : `?${query}`}`;
}

interface Polled<T> {
  /** null before the first answer. */
  value: T | null;
  /** The server's own line, or that it does not answer. */
  error: string | null;
}

/** Asks for JSON again and again while a page is drawn. */
export function usePolled<T>(path: string): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, error: null });
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    let last = "";
    const ask = async () => {
      const began = performance.now();
      const { ok, text } = await textOf(path);
      if (isOver) return;
      if (text !== last)
        setPolled(({ value }) =>
          ok ? { value: JSON.parse(text), error: null } : { value, error: text },
        );
      last = text;
      // A large folder is looked at less often: at most a tenth of the time.
      timer = setTimeout(ask, Math.max(everyMs, 9 * (performance.now() - began)));
    };
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path]);
  return polled;
}

async function textOf(path: string): Promise<{ ok: boolean; text: string }> {
  try {
    const answer = await fetch(path);
    return { ok: answer.ok, text: await answer.text() };
  } catch {
    return { ok: false, text: noAnswer };
  }
}
