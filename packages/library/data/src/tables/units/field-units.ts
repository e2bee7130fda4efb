// Fields in the data's own units and in network units. Their channels are columns.
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { ColumnTransform } from "./column-transform.js";
import type { Limits } from "./limits.js";
import { RowUnits } from "./units.js";

/** How fields become samples. */
export interface FieldUnitFacts {
  /** From transformed values to network units, by channel. */
  transform: ColumnTransform;
  /** Limits of generated values; null: none. */
  limits: Limits | null;
  /** Cells without values, [C, H, W], each 0 or 1. */
  missing: Uint8Array;
  /** Height and width of a field. */
  size: readonly [height: number, width: number];
}

/** Fields [n, C, H, W] in network units and back, on any device. A cell without values is the mean of its channel. */
export class FieldUnits {
  readonly #units: RowUnits;
  readonly #valid: Tensor;
  readonly #channels: number;

  constructor({ transform, limits, missing, size }: FieldUnitFacts) {
    this.#channels = transform.mean.length;
    this.#units = new RowUnits(
      transform,
      transform.mean.map(() => 0),
      limits,
    );
    this.#valid = tidy(() => {
      const valid = Float32Array.from(missing, (bit) => 1 - bit);
      return tensor(valid, { shape: [1, this.#channels, ...size] }).keep();
    });
  }

  #byCell(x: Tensor, change: (rows: Tensor) => Tensor): Tensor {
    const [n, channels, height, width] = x.shape as [number, number, number, number];
    const rows = x.permute([0, 2, 3, 1]).reshape([-1, channels]);
    return change(rows).reshape([n, height, width, channels]).permute([0, 3, 1, 2]);
  }

  /** Network units [n, C, H, W], float32, of transformed values of the same shape; NaN counts as missing. */
  apply(x: Tensor): Tensor {
    return tidy(() => {
      const z = this.#byCell(x, (rows) => this.#units.apply(rows));
      return z
        .nanToNum()
        .mul(this.#valid.to({ device: x.device }))
        .contiguous();
    });
  }

  /** Values [n, C, H, W] in the data's own units, float64, within limits. */
  undo(z: Tensor): Tensor {
    return tidy(() => this.#byCell(z, (rows) => this.#units.undo(rows)).contiguous());
  }

  /** Frees its tensors. */
  dispose(): void {
    this.#units.dispose();
    this.#valid.dispose();
  }
}
