// How often the partner of an image is found again among the held-out images of the other style.
import { exactPointPlan, squaredDistances } from "@dsbm/bridge";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";

const rowsOf = (images: Tensor): Tensor => images.flatten({ startDim: 1 });

const shareOfPartners = (places: readonly number[]): number =>
  places.filter((place, row) => place === row).length / places.length;

/** The share of images x [n, …] whose nearest image of y [n, …] in pixels has the same row. */
export const nearestPartners = (x: Tensor, y: Tensor): number =>
  noGrad(() =>
    tidy(() => {
      const nearest = squaredDistances(rowsOf(x), rowsOf(y)).argmin({ dim: 1 }).toNumbers();
      return shareOfPartners(Array.from(nearest, Number));
    }),
  );

/** The share of rows that an exact plan of transport in pixels from x [n, …] to y [n, …] pairs with themselves. */
export const plannedPartners = (x: Tensor, y: Tensor): number =>
  noGrad(() =>
    tidy(() => shareOfPartners(Array.from(exactPointPlan(rowsOf(x), rowsOf(y)).permutation ?? []))),
  );
