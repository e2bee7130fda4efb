import { useEffect, useState } from "preact/hooks";
import { tokenHeader } from "../../shared/api.js";

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

async function textOf(
  path: string,
  options: RequestInit = {},
): Promise<{ ok: boolean; text: string }> {
  try {
    const answer = await fetch(path, options);
    return { ok: answer.ok, text: await answer.text() };
  } catch {
    return { ok: false, text: noAnswer };
  }
}

/**
 * Waits until the server has a page, for a frame that could not show the server's error.
 * @throws an Error with the server's own lines.
 */
export async function waitForPage(path: string): Promise<void> {
  const { ok, text } = await textOf(path);
  if (!ok) throw new Error(text);
}

/**
 * Asks the server to do something; its answer.
 * @throws an Error with the server's own lines.
 */
export async function post<T>(
  name: string,
  body: object | File,
  { params = {}, signal }: { params?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<T> {
  const [, token = ""] = location.pathname.split("/");
  const isFile = body instanceof File;
  const { ok, text } = await textOf(apiPath(name, params), {
    method: "POST",
    headers: { [tokenHeader]: token, ...(!isFile && { "content-type": "application/json" }) },
    body: isFile ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
  if (!ok) throw new Error(text);
  return JSON.parse(text);
}

interface PostedAnswer<T> extends Polled<T> {
  isBusy: boolean;
}

const pauseOfTyping = 300;

/**
 * The answer to a request that starts again when its body changes; the last answer stays until then. null asks nothing,
 * and so does a page that waits.
 */
export function usePosted<T>(
  name: string,
  body: object | null,
  isWaiting: boolean,
): PostedAnswer<T> {
  const [asked, setAsked] = useState<PostedAnswer<T>>({ value: null, error: null, isBusy: false });
  const text = JSON.stringify(body);
  useEffect(() => {
    if (isWaiting) return;
    if (body === null) {
      setAsked({ value: null, error: null, isBusy: false });
      return;
    }
    const controller = new AbortController();
    setAsked(({ value }) => ({ value, error: null, isBusy: true }));
    const timer = setTimeout(() => {
      post<T>(name, body, { signal: controller.signal }).then(
        (value) => setAsked({ value, error: null, isBusy: false }),
        ({ message }) => {
          if (!controller.signal.aborted) setAsked({ value: null, error: message, isBusy: false });
        },
      );
    }, pauseOfTyping);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [name, text, isWaiting]);
  return asked;
}

/** Something that a button does: whether it is at work, and why it failed. */
export function useTask() {
  const [state, setState] = useState<{ isBusy: boolean; error: string | null }>({
    isBusy: false,
    error: null,
  });
  const run = async (work: () => Promise<unknown>) => {
    setState({ isBusy: true, error: null });
    try {
      await work();
      setState({ isBusy: false, error: null });
    } catch (error) {
      setState({ isBusy: false, error: (error as Error).message });
    }
  };
  return { ...state, run: (work: () => Promise<unknown>) => void run(work) };
}
