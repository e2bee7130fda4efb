// How the ranks find their store.
import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { portOf, type RankPlace } from "./environment.js";
import { distributedError } from "./errors.js";
import { joinLocal, serveLocal } from "./local-store.js";
import { isLoopback, Store } from "./store.js";

/** IPv4 addresses of this machine on which others may reach it. */
export function addressesOfMachine(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((a) => !a.internal && a.family === "IPv4").map(({ address }) => address);
}

async function listenOn(host: string): Promise<string> {
  const addresses = addressesOfMachine();
  const results = await lookup(host, { all: true, family: 4 }).catch(() => []);
  return results.find(({ address }) => addresses.includes(address))?.address ?? "";
}

async function reach(host: string, port: number, deadline: number): Promise<string> {
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    const tried = await new Promise<{ address: string } | { code: string }>((resolve) => {
      const socket = connect({ host, port });
      socket.setTimeout(Math.max(1, deadline - Date.now()), () => fail("ETIMEDOUT"));
      const fail = (code: string) => {
        socket.destroy();
        resolve({ code });
      };
      socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      socket.on("connect", () => {
        const address = socket.localAddress ?? "";
        socket.destroy();
        resolve({ address });
      });
    });
    if ("address" in tried) return tried.address;
    if (Date.now() + pause >= deadline)
      throw distributedError(
        `no store is served at ${host}:${port} (${tried.code}): has rank 0 started, and are MASTER_ADDR and MASTER_PORT the same on every rank?`,
        [0],
      );
    await sleep(pause);
  }
}

/** Whether all ranks are on this machine, and the launcher serves no store. */
export const isHere = ({ address, served }: RankPlace): boolean =>
  address !== null && !served && isLoopback(address);

/**
 * The store of a place, served by rank 0 unless the launcher serves it, and this rank's address for the others.
 * @throws {TorchError} if the place names no address, or if nothing serves the store within `timeoutMs`
 */
export async function meet(
  place: RankPlace,
  timeoutMs: number,
): Promise<{ store: Store; address: string | null }> {
  if (place.address === null)
    throw distributedError(
      `rank ${place.rank} of ${place.worldSize} does not know where rank 0 is: set MASTER_ADDR and MASTER_PORT on every rank`,
    );
  const host = place.address;
  const port = place.port ?? portOf(place.attempt);
  const serves = place.rank === 0 && !place.served;
  const deadline = Date.now() + timeoutMs;
  if (isHere(place)) {
    const { attempt, worldSize } = place;
    const store = serves
      ? serveLocal(port, attempt, worldSize)
      : await joinLocal(port, { attempt, worldSize, deadline });
    return { store, address: "127.0.0.1" };
  }
  const listen = serves ? await listenOn(host) : "";
  const server = serves
    ? Store.tcp(listen || "127.0.0.1", port, { serves, timeoutMs, listen })
    : null;
  try {
    const local = await reach(host, port, deadline);
    const address =
      isLoopback(local) && !isLoopback(host) ? (addressesOfMachine()[0] ?? null) : local;
    const left = Math.max(1, deadline - Date.now());
    return { store: server ?? Store.tcp(host, port, { timeoutMs: left }), address };
  } catch (error) {
    server?.close();
    throw error;
  }
}
