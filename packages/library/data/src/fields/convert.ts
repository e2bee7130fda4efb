// Fields in other units, such as kg m-2 s-1 in mm/day.
import { invalidOption } from "../errors.js";
import type { FieldChannel } from "./cf/channels.js";
import { type UnitConversion, unitConversion } from "./cf/unit.js";
import type { GridSize } from "./coarsen.js";
import type { FieldRows } from "./read/field-rows.js";

/** The units of channels in their order; null: not known. */
export type ChannelUnits = readonly (string | null)[];

const sameUnit: UnitConversion = { scale: 1, offset: 0 };

const isSameUnit = ({ scale, offset }: UnitConversion): boolean => scale === 1 && offset === 0;

/** Converts values of channels to other units. A channel without units, or for unknown units, stays. */
export class FieldConversion {
  /** The channels in their new units. */
  readonly channels: FieldChannel[];
  /** Converted channels, for people: "pr is converted from kg m-2 s-1 to mm/d". */
  readonly notes: string[];
  /** Of each channel. */
  readonly conversions: UnitConversion[];

  /**
   * Finds the conversions of channels of `what`, such as a file, to the `units` of `whose`.
   * @throws {DatasetError} `InvalidOption` for units that cannot be converted.
   */
  constructor(
    channels: readonly FieldChannel[],
    units: ChannelUnits,
    { what, whose }: { what: string; whose: string },
  ) {
    this.conversions = channels.map((channel, k) => {
      const to = units[k] ?? null;
      if (channel.units === null || to === null) return sameUnit;
      const conversion = unitConversion(channel.units, to);
      if (conversion) return conversion;
      throw invalidOption(
        `${what} has ${channel.name} in ${channel.units}: expected ${to}, the unit of ${whose}, or a unit that can be converted to it; convert the values, or mend the attribute units (ncatted)`,
      );
    });
    const isSame = (k: number) => isSameUnit(this.conversions[k]);
    this.channels = channels.map((channel, k) => {
      const { attributes } = channel;
      const to = units[k] ?? null;
      if (isSame(k) || to === null) return channel;
      return { ...channel, units: to, attributes: { ...attributes, units: to } };
    });
    this.notes = channels.flatMap((channel, k) =>
      isSame(k) ? [] : [`${channel.name} is converted from ${channel.units} to ${units[k]}`],
    );
  }

  /** Converts fields [n, C, H, W] of a grid. */
  apply(values: Float32Array, [height, width]: GridSize): Float32Array {
    const { conversions } = this;
    if (this.notes.length === 0) return values;
    const cells = height * width;
    return values.map((value, i) => {
      const { scale, offset } = conversions[Math.floor(i / cells) % conversions.length];
      return value * scale + offset;
    });
  }
}

/** Fields in the units of a conversion. */
export function convertFields(file: FieldRows, conversion: FieldConversion): FieldRows {
  const { y, x } = file.grid;
  return {
    ...file,
    grid: { ...file.grid, channels: conversion.channels },
    read: async (first, count) => conversion.apply(await file.read(first, count), [y.size, x.size]),
  };
}
