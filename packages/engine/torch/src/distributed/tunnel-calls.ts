// What a tunnel and its thread tell each other.

/** What a tunnel asks of its thread. */
export interface Calls {
  /** Opens the rank's port to others, on an address or on all; gives the port. */
  listen(address: string, port: number): number;
  /** Lets other ranks reach a port of this rank's loopback address; `asStore`: as the store. */
  allow(port: number, asStore: boolean): void;
  /** Makes sure of a rank, until a moment of Date.now(); gives this machine's address on the way. */
  reach(to: Outer, deadline: number): string;
  /** Leads an address and port of the loopback (0: a free one) to a port of another rank (0: its store); gives the port. */
  forward(address: string, port: number, to: Outer, target: number): number;
}
/** The open port of a rank. */
export interface Outer {
  rank: number;
  host: string;
  port: number;
}
export interface Settings {
  rank: number;
  secret: Uint8Array;
  /** The loopback address of each rank. */
  addresses: string[];
  counts: SharedArrayBuffer;
}
/** Places of the shared numbers: connections whose bytes have not all left yet, and those that did not know the secret. */
export const [BUSY, REFUSED] = [0, 1] as const;
