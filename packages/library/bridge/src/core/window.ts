// Parts of fields: a network that only convolves learns on small parts and samples whole fields.
import { arange, cat, type Generator, rand, type Tensor } from "@dsbm/torch";

/** Uniform places of parts of n × n cells in fields of a size: their first rows and columns, int64 [count, 2]. */
export function drawWindows(
  count: number,
  n: number,
  {
    size,
    generator,
    device,
  }: { size: readonly [number, number]; generator: Generator } & Pick<Tensor, "device">,
): Tensor {
  const places = size.map((length) =>
    rand([count, 1], { generator, device })
      .mul(length - n + 1)
      .floor()
      .clamp({ max: length - n }),
  );
  return cat(places, { dim: 1 }).to("int64");
}

/** The parts [B, C, n, n] of fields x [B or 1, C, H, W] at windows, int64 [B, 2]. */
export function partsAt(x: Tensor, windows: Tensor, n: number): Tensor {
  const [, channels, , width] = x.shape as [number, number, number, number];
  const count = windows.size(0);
  const steps = arange(0, n, { device: x.device, dtype: "int64" });
  const places = (k: number) => windows.narrow(1, k, 1).add(steps);
  const rows = places(0).reshape([count, 1, n, 1]).expand([-1, channels, -1, width]);
  const columns = places(1).reshape([count, 1, 1, n]).expand([-1, channels, n, -1]);
  return x.expand([count, -1, -1, -1]).gather(2, rows).gather(3, columns);
}
