import { decodeImages, encodeImages } from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { toRows } from "@dsbm/data";
import type { Bridge as RunBridge } from "@dsbm/inference";
import { type DType, type Tensor, tensor, tidy } from "@dsbm/torch";

/** Samples in the data's own units as tensors in the network's units, and back. */
export interface OwnUnits {
  shape: readonly number[];
  /**
   * Samples in the network's units; disposes x.
   * @throws {ConfigError} for samples of another shape.
   */
  enter(x: Tensor): Tensor;
  leave(x: Tensor, dtype: DType): Tensor;
}

/**
 * The units of a run's data: columns as in the files, or images. `enter` throws a ConfigError for samples of another
 * shape.
 */
export function ownUnits(run: RunBridge): OwnUnits {
  const { trained } = run;
  const vectors = trained.shape.length === 1;
  const { shape, enter, leave } = vectors ? ofVectors(run) : ofPictures(run);
  const through = (x: Tensor, change: (x: Tensor) => Tensor) => {
    try {
      return tidy(() => change(x).to({ device: x.device }).keep());
    } finally {
      x.dispose();
    }
  };
  return {
    shape,
    enter(x) {
      if (`${x.shape.slice(1)}` !== `${shape}` || x.size(0) === 0) {
        const size = x.shape;
        x.dispose();
        throw new ConfigError(
          `x has shape [${size.join(", ")}]; expected [n, ${shape.join(", ")}], the samples of ${trained.folder}`,
          "shape",
        );
      }
      return through(x, enter);
    },
    leave: (x, dtype) => through(x, (end) => leave(end, dtype)),
  };
}

function ofVectors({ units }: RunBridge) {
  return {
    shape: [units.width],
    enter(x: Tensor) {
      const columns = x.to("float64").t().contiguous().unbind();
      return units.apply(columns.map((column) => column.toArray() as Float64Array));
    },
    leave(x: Tensor, dtype: DType) {
      const rows = toRows(units.undo(x.to({ device: "cpu" })), "float64");
      const values = tensor(rows, { shape: [x.size(0), units.width] });
      return dtype === "float64" ? values : values.to("float32");
    },
  };
}

function ofPictures({ trained: { shape } }: RunBridge) {
  return {
    shape,
    enter: (x: Tensor) => (x.dtype === "uint8" ? decodeImages(x) : x.to("float32")),
    leave: (x: Tensor, dtype: DType) => (dtype === "uint8" ? encodeImages(x) : x.to(dtype)),
  };
}
