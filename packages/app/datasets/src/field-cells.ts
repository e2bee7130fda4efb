// Cells without values in the process and in the networks of fields, with what else the networks get.
import type { ReferenceProcess } from "@dsbm/bridge";
import { decodeNumbers } from "@dsbm/data";
import type { FieldInputs } from "@dsbm/nets";
import { type Device, tensor, tidy } from "@dsbm/torch";
import type { Channels } from "./fields.js";

/** Whether cells without values have neither noise nor loss, and there are any. */
const isMasked = ({ masked, missing }: Pick<Channels, "masked" | "missing">): boolean =>
  masked && missing.includes(1);

const validCells = ({ missing }: Pick<Channels, "missing">): Float32Array =>
  Float32Array.from(missing, (bit) => 1 - bit);

/**
 * What the networks of fields get besides a field: the season, static fields and, if cells have no values, a channel of the cells with values
 * in all variables. Returns null if they get nothing.
 */
export function fieldInputs(
  channels: Pick<Channels, "masked" | "missing" | "statics" | "size"> | null,
  { season }: { season: boolean },
): FieldInputs | null {
  if (!channels) return null;
  const { statics, missing, size } = channels;
  const cells = isMasked(channels) ? validCells(channels) : null;
  if (!season && !statics && !cells) return null;
  const area = size[0] * size[1];
  const isValid = new Float32Array(cells ? area : 0).fill(1);
  if (cells) for (const [i, bit] of missing.entries()) if (bit) isValid[i % area] = 0;
  const fields = statics ? decodeNumbers(statics.values) : [];
  return { season, cells, size, planes: Float32Array.from([...isValid, ...fields]) };
}

/** The process without noise in cells without values, whose mask the caller owns. The same process for other data. */
export function processOnCells<P extends ReferenceProcess>(
  process: P,
  channels: Pick<Channels, "masked" | "missing" | "size"> | null,
  device: Device,
): P {
  if (!channels || !isMasked(channels)) return process;
  const values = validCells(channels);
  const [height, width] = channels.size;
  const mask = tidy(() =>
    tensor(values, { shape: [1, values.length / (height * width), height, width] })
      .to({ device })
      .keep(),
  );
  const share = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { ...process, cells: { mask, share } };
}
