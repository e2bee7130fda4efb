// .h5ad (anndata's on-disk format): X, a layer or an entry of obsm by rows, and the columns of obs.
import { badTable, didYouMean, invalidOption } from "../../../errors.js";
import { checkUnpacked } from "../../../files/archive.js";
import { child, type H5, type H5Dataset, type H5Group, openH5 } from "../../../files/hdf5.js";
import { mostNarrowColumns } from "../../counts.js";
import type { Opened, ReadOptions } from "../../row-source.js";
import { matrixTable } from "../matrix.js";
import { readAnnotations, textsOf } from "./annotations.js";
import { embeddingModel } from "./embedding.js";
import { openX } from "./x.js";

/** @throws {DatasetError} `BadTable`, `InvalidOption` for an unknown matrix. */
export async function openH5ad(
  path: string,
  size: number,
  { layer = "X", normalise, limits }: ReadOptions,
): Promise<Opened> {
  const { h5, file } = await openH5(path, "r");
  const cure = "write it again without compression";
  const check = (total: number) => checkUnpacked(path, total, "BadTable", { size, limits, cure });
  const { entity, genes, embedding } = findMatrix(h5, path, file, layer);
  const matrix = openX(h5, path, entity, check);
  const model =
    embedding !== null &&
    embeddingModel(h5, file, { name: embedding, genes: geneNames(h5, file, { path }) });
  return matrixTable(path, matrix, {
    total: normalise,
    names: genes && geneNames(h5, genes, { path, d: matrix.d }),
    beside: readAnnotations(h5, file, { path, n: matrix.n }),
    ...(model && { embedding: model }),
    notes: layer === "X" ? componentsNote(h5, file, { path, columns: matrix.d }) : [],
    close: () => void file.close(),
  });
}

function componentsNote(
  h5: H5,
  file: H5Group,
  { path, columns }: { path: string; columns: number },
): string[] {
  const obsm = child(file, "obsm");
  const hasComponents = obsm instanceof h5.Group && obsm.keys().includes("X_pca");
  if (columns <= mostNarrowColumns || !hasComponents) return [];
  return [
    `${path}: X has ${columns} columns; data.layer=X_pca trains on its principal components, which several files share only if one PCA made them`,
  ];
}

/** A place of a matrix, with the group whose var names its columns: null for an entry of obsm. */
interface AnndataMatrix {
  group: H5Group;
  member: string;
  /** The values of data.layer that choose it, the shortest first. */
  names: string[];
  genes: H5Group | null;
}

function anndataMatrices(h5: H5, file: H5Group): AnndataMatrix[] {
  const places: AnndataMatrix[] = [];
  if (file.keys().includes("X"))
    places.push({ group: file, member: "X", names: ["X"], genes: file });
  for (const folder of ["layers", "obsm"]) {
    const group = child(file, folder);
    if (!(group instanceof h5.Group)) continue;
    const genes = folder === "layers" ? file : null;
    for (const member of group.keys())
      places.push({ group, member, names: [member, `${folder}/${member}`], genes });
  }
  const raw = child(file, "raw");
  if (raw instanceof h5.Group && raw.keys().includes("X"))
    places.push({ group: raw, member: "X", names: ["raw"], genes: raw });
  return places;
}

function findMatrix(
  h5: H5,
  path: string,
  file: H5Group,
  layer: string,
): { entity: H5Dataset | H5Group; genes: H5Group | null; embedding: string | null } {
  const places = anndataMatrices(h5, file);
  const place = places.find(({ names }) => names.includes(layer));
  const entity = place && child(place.group, place.member);
  if (place && (entity instanceof h5.Dataset || entity instanceof h5.Group))
    return { entity, genes: place.genes, embedding: place.genes ? null : place.member };
  const known = places.map(({ names }) => names[0]);
  throw invalidOption(
    `${path} has the matrices ${known.join(", ") || "none (expected a file of anndata)"}${didYouMean(layer, known)}`,
    { option: { key: "data.layer", values: [layer] } },
  );
}

/** @throws {DatasetError} `BadTable` unless there is one name for each of d columns (default: any number). */
function geneNames(
  h5: H5,
  file: H5Group,
  { path, d }: { path: string; d?: number },
): string[] | null {
  const variables = child(file, "var");
  if (!(variables instanceof h5.Group)) return null;
  const names = textsOf(h5, child(variables, String(variables.attrs._index?.value ?? "_index")));
  if (names && d !== undefined && names.length !== d)
    throw badTable(
      path,
      `is damaged: its var has ${names.length} names for ${d} columns; write it again`,
    );
  return names;
}

/**
 * The names of the genes of X or a layer that is sparse; null for other matrices, and without names.
 * @throws {DatasetError} `BadTable` for another number of names.
 */
export function sparseGenes(
  h5: H5,
  file: H5Group,
  { path, layer }: { path: string; layer: string },
): string[] | null {
  const layers = child(file, "layers");
  const group = layer === "X" ? file : layers;
  const matrix = group instanceof h5.Group ? child(group, layer) : null;
  const shape = matrix instanceof h5.Group ? matrix.attrs.shape?.value : null;
  if (!shape) return null;
  const [, d] = Array.from(shape as ArrayLike<unknown>, Number);
  return d === undefined ? null : geneNames(h5, file, { path, d });
}
