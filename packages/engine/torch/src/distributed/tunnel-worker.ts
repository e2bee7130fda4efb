// The worker thread of a tunnel: the one port of a rank that is open to others, and the ports of the loopback from which
// its own connections go to other ranks. TLS 1.3 with a key that the ranks share, and Diffie-Hellman for each connection.
import { createServer as createLocal, connect as open, type Server, type Socket } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { parentPort, workerData } from "node:worker_threads";
import { derive } from "./secret.js";
import { BUSY, type Calls, type Outer, REFUSED, type Settings } from "./tunnel-calls.js";

const { rank, secret, addresses, counts: shared } = workerData as Settings;
const counts = new Int32Array(shared);

/** Milliseconds that a connection has to prove that it is a rank, and how many may be at it. */
const patience = 10_000;
const mostUnknown = 64;
/** Milliseconds that even the last try has, so that it says why it failed, not that its time passed. */
const leastPatience = 2000;
const version = "TLSv1.3";
const cipher = {
  minVersion: version,
  maxVersion: version,
  // It has no limit on what one key may encrypt that a long training would reach.
  ciphers: "TLS_CHACHA20_POLY1305_SHA256",
} as const;

// The key of one direction between two ranks: who is led to another rank than he wants, or to himself, notices.
const keyOf = (from: number, to: number) => derive(secret, `key ${from}>${to}`);

/** Both ways, until one end closes; the other still gets what was sent. */
function join(inner: Socket, outer: TLSSocket): void {
  if (inner.destroyed || outer.destroyed) {
    inner.destroy();
    outer.destroy();
    return;
  }
  Atomics.add(counts, BUSY, 1);
  let isBusy = true;
  const left = () => {
    if (isBusy) Atomics.sub(counts, BUSY, 1);
    isBusy = false;
  };
  outer.setTimeout(0).setNoDelay(true).setKeepAlive(true, 30_000);
  inner.setNoDelay(true);
  inner.pipe(outer).pipe(inner);
  outer.on("finish", left).on("close", () => {
    left();
    inner.end();
  });
  inner.on("close", () => outer.end());
}

/** An end that closes tells so; why is of no use. */
const quiet = <S extends Socket>(socket: S): S => socket.on("error", () => {}) as S;

const allowed = new Set<number>();
let store = 0;

function listen(address: string, port: number): Promise<number> {
  const from = new WeakMap<TLSSocket, number>();
  // Those who have not proved anything yet, the oldest first.
  const unknown = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>();
  const nameOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress}:${remotePort}`;
  const forget = (name: string) => {
    clearTimeout(unknown.get(name)?.timer);
    unknown.delete(name);
  };
  const drop = (name: string) => {
    unknown.get(name)?.socket.destroy();
    forget(name);
  };
  const server = createServer({
    ...cipher,
    pskCallback(socket, identity) {
      const source = /^\d{1,7}$/.test(identity) ? Number(identity) : -1;
      if (addresses[source] === undefined) return null;
      from.set(socket, source);
      return keyOf(source, rank);
    },
  });
  server.on("connection", (socket) => {
    // Those who say nothing keep no rank out.
    const [oldest] = unknown.keys();
    if (oldest !== undefined && unknown.size >= mostUnknown) drop(oldest);
    const name = nameOf(quiet(socket));
    unknown.set(name, { socket, timer: setTimeout(drop, patience, name) });
    socket.on("close", () => forget(name));
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException) => {
    if (error.code?.startsWith("ERR_SSL")) Atomics.add(counts, REFUSED, 1);
  });
  server.on("secureConnection", (outer) => {
    forget(nameOf(outer));
    const source = from.get(quiet(outer));
    outer.setTimeout(patience, () => outer.destroy());
    outer.once("data", (first) => {
      outer.pause();
      const target = first.length < 2 ? 0 : first.readUInt16BE(0) || store;
      if (source === undefined || !allowed.has(target)) {
        outer.destroy();
        return;
      }
      outer.unshift(first.subarray(2));
      // It comes from the address by which the other rank is known here.
      const [host, localAddress] = [addresses[rank] as string, addresses[source] as string];
      const inner = quiet(open({ host, port: target, localAddress }));
      inner.once("connect", () => join(inner, outer));
      inner.once("close", () => outer.end());
    });
  });
  return started(server, address, port);
}

/** Begins to listen; gives the port. */
function started(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...(host && { host }), port }, () => {
      server.off("error", reject).on("error", () => {});
      resolve((server.address() as { port: number }).port);
    });
  });
}

/** Whoever answers with a certificate, which any authority may have signed, does not know the secret. */
const checkServerIdentity = () => Object.assign(new Error(), { code: "ERR_SSL_CERTIFICATE" });

/** A connection to a rank that both have proved to know the secret for. */
function dial({ rank: to, host, port }: Outer, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const pskCallback = () => ({ identity: String(rank), psk: keyOf(rank, to) });
    const options = { host, port, ...cipher, pskCallback, ca: [], checkServerIdentity };
    const socket = quiet(connect(options));
    const failed = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    socket.once("error", failed);
    socket.setTimeout(timeoutMs, () => failed(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      resolve(socket);
    });
  });
}

/** The same, as soon as it can be. Whoever does not speak TLS or has another secret is not asked again. */
async function dialUntil(to: Outer, deadline: number): Promise<TLSSocket> {
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    try {
      return await dial(to, Math.max(leastPatience, Math.min(patience, deadline - Date.now())));
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (/SSL|CERT/.test(code) || Date.now() + pause >= deadline) throw error;
      await new Promise((next) => setTimeout(next, pause));
    }
  }
}

const calls: { [K in keyof Calls]: (...words: Parameters<Calls[K]>) => unknown } = {
  listen,
  allow(port, asStore) {
    allowed.add(port);
    if (asStore) store = port;
  },
  async reach(to, deadline) {
    const socket = await dialUntil(to, deadline);
    const { localAddress = "" } = socket;
    socket.end();
    return localAddress;
  },
  forward(address, port, to, target) {
    const server = createLocal({ pauseOnConnect: true }, (inner) => {
      quiet(inner);
      dialUntil(to, Date.now() + patience).then(
        (outer) => {
          const header = Buffer.alloc(2);
          header.writeUInt16BE(target);
          outer.write(header);
          join(inner, outer);
        },
        () => inner.destroy(),
      );
    });
    return started(server, address, port);
  },
};

parentPort?.on("message", async ({ id, call, words }) => {
  try {
    const value = await calls[call as keyof Calls](...(words as [never, never, never, never]));
    parentPort?.postMessage({ id, value });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    parentPort?.postMessage({ id, failed: code ?? message });
  }
});
