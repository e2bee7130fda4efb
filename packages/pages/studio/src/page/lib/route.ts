// Everything that changes what is seen is in the address, so that it can be kept and sent, and the browser's back
// button works.
import { useEffect, useState } from "preact/hooks";

/** The page that the address names: its run and its parameters. */
export interface Route {
  page: "runs" | "run" | "compare" | "new";
  run: string;
  params: URLSearchParams;
}

function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const params = new URLSearchParams(query);
  if (path === "compare" || path === "new") return { page: path, run: "", params };
  if (path === "run") return { page: "run", run: params.get("run") ?? "", params };
  return { page: "runs", run: "", params };
}

type Params = Readonly<Record<string, string | readonly string[] | null>>;

/** The address of a page: settings as `before`, changed by `params`. */
export function hrefOf(
  page: Route["page"],
  params: Params = {},
  before = new URLSearchParams(),
): string {
  for (const [name, value] of Object.entries(params)) {
    before.delete(name);
    for (const one of [value ?? []].flat()) before.append(name, one);
  }
  const text = before.toString();
  return `#/${page === "runs" ? "" : page}${text === "" ? "" : `?${text}`}`;
}

/** Options of a new bridge as parameters: "sigma=0.5". */
export const optionTexts = (options: Readonly<Record<string, string>>): string[] =>
  Object.entries(options)
    .filter(([, text]) => text.trim() !== "")
    .map(([key, text]) => `${key}=${text}`);

/** The route of the address; renders again when it changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parseRoute(hash);
}

/** Changes settings in the address; null removes one. */
export function setParams(changes: Params): void {
  const { page, params } = parseRoute(location.hash);
  const path = hrefOf(page, changes, params);
  if (path === location.hash) return;
  history.replaceState(null, "", path);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
