// Who may ask, and what an answer may do. A request needs the token of the printed address, must name this machine as
// its host (a foreign name that points here is another site's), and may come from no page but ours. A request that writes
// needs the token once more, in a header: only a script of our page can set one.
import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { tokenHeader } from "../shared/api.js";

const localHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Files of runs: whatever they are, they run nothing, load nothing and are of no origin. */
export const strangerPolicy =
  "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** Pages that play a bridge: they run their own scripts, load nothing and are of no origin. */
export const playerPolicy =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; worker-src blob:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const headers = {
  "Content-Security-Policy": pagePolicy,
  "Cache-Control": "no-store",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const sameText = (a: string, b: string): boolean => {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
};

/** Refuses requests of other hosts, other pages and without the token, and in a read-only studio all requests that write. */
export function guard(token: string, isReadOnly: boolean): MiddlewareHandler {
  return async (c, next) => {
    const { method } = c.req;
    const host = c.req.header("host") ?? "";
    const origin = c.req.header("origin");
    const isWriting = method === "POST";
    const attempt = /^\/([^/]*)\//.exec(c.req.path)?.[1] ?? "";
    const refusals = [
      [!localHost.test(host), 403, "this address is not of this machine"],
      [origin !== undefined && origin !== `http://${host}`, 403, "another page may not ask"],
      [!sameText(attempt, token), 403, "open the address that dsbm studio printed"],
      [!["GET", "HEAD", "POST"].includes(method), 405, "this cannot be done here"],
      [isWriting && isReadOnly, 403, "this studio only shows: start it without --read-only"],
      [
        isWriting && (origin === undefined || !sameText(c.req.header(tokenHeader) ?? "", token)),
        403,
        "only the page of the studio may do this",
      ],
    ] as const;
    const [, status, text] = refusals.find(([isRefused]) => isRefused) ?? [];
    if (status) c.res = c.text(text, status);
    else await next();
    for (const [name, value] of Object.entries(headers))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  };
}
