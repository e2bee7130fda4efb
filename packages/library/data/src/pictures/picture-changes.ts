// What the decoding of images changes, counted for a note: a bridge learns the changed images.
import type { Metadata } from "sharp";

/** A change of an image by its decoding. */
export type PictureChange =
  | "transparent"
  | "clear"
  | "animated"
  | "cmyk"
  | "deep"
  | "cropped"
  | "enlarged";

/** Changes of an image by its header; `isOpaque` says that it has no transparent pixels. */
export function pictureChanges(
  { pages = 1, space, depth, autoOrient }: Metadata,
  { size, channels }: { size: number | null; channels: number },
  isOpaque: boolean,
): PictureChange[] {
  const applies: Record<PictureChange, boolean> = {
    transparent: !isOpaque && channels !== 4,
    clear: !isOpaque && channels === 4,
    animated: pages > 1,
    cmyk: space === "cmyk",
    deep: depth !== "uchar",
    cropped: size !== null && autoOrient.width !== autoOrient.height,
    enlarged: size !== null && Math.min(autoOrient.width, autoOrient.height) < size,
  };
  return (Object.keys(applies) as PictureChange[]).filter((change) => applies[change]);
}

/** How many images of a dataset have each change. */
export class PictureChanges {
  /** Images by their change. */
  readonly counts: Partial<Record<PictureChange, number>>;

  constructor(counts: Partial<Record<PictureChange, number>> = {}) {
    this.counts = { ...counts };
  }

  /** Counts an image. */
  add(changes: readonly PictureChange[]): void {
    for (const change of changes) this.counts[change] = (this.counts[change] ?? 0) + 1;
  }

  /** A note for each change; a background of null is white and no option. */
  notes(background: string | null = "white"): string[] {
    const texts: Record<PictureChange, string> = {
      transparent: `transparent: placed on ${background === null ? "white" : `${background} (data.background; data.channels=4 keeps transparency)`}`,
      clear: "transparent: kept as a fourth channel",
      animated: "of several frames or pages: the first is taken",
      cmyk: "in CMYK: converted to sRGB",
      deep: "of more than 8 bits a channel: rounded to 8",
      cropped: "not square: cropped to the middle square",
      enlarged: "smaller than data.image_size: enlarged, so blurred",
    };
    return (Object.keys(texts) as PictureChange[]).flatMap((change) => {
      const count = this.counts[change] ?? 0;
      return count > 0 ? [`${count} ${texts[change]}`] : [];
    });
  }
}
