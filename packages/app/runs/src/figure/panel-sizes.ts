// Sizes of panels in CSS pixels, and ranges of their axes; without types of Plot.

/** Sizes of panels in the plane of samples. */
export const planeSize = {
  width: 296,
  height: 280,
  marginTop: 8,
  marginRight: 12,
  marginBottom: 42,
};
/** Sizes of panels of curves. */
export const curveSize = {
  width: 420,
  marginTop: 24,
  marginRight: 20,
  marginBottom: 48,
  marginLeft: 62,
};

/** The range of an axis. */
export type Domain = [low: number, high: number];

/** The ranges of both axes, and the height of the panel. */
export interface PlaneFrame {
  x: Domain;
  y: Domain;
  /** Default: as wide as high. */
  height?: number;
}
