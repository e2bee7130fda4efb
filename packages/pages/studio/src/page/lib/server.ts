import { useEffect, useState } from "preact/hooks";

export function apiPath(name: string, params: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(params).toString();
  return `api/${name}${query === "" ? "" : `?${query}`}`;
}

/** Asks for JSON. Throws an Error with the server's own line. */
export async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(path, init);
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 1000));
  return (await answer.json()) as T;
}

export const send = <T>(path: string, body: unknown): Promise<T> =>
  ask(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" },
  });

/** Listens to a stream of events while a page is drawn; tells whether the server is there. */
export function useEvents(
  path: string,
  handlers: Readonly<Record<string, (data: never) => void>>,
): boolean {
  const [isThere, setThere] = useState(true);
  useEffect(() => {
    const source = new EventSource(path);
    source.onopen = () => setThere(true);
    source.onerror = () => setThere(false);
    for (const [event, handle] of Object.entries(handlers))
      source.addEventListener(event, (message) =>
        handle(JSON.parse((message as MessageEvent<string>).data) as never),
      );
    return () => source.close();
    // The handlers of the first drawing stay: they only set states.
  }, [path]);
  return isThere;
}
