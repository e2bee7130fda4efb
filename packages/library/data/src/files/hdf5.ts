// HDF5 files by h5wasm.
import { closeSync, fsyncSync, openSync } from "node:fs";

/** The library. */
export type H5 = typeof import("h5wasm/node");
/** An open file, also its root group. */
export type H5File = InstanceType<H5["File"]>;
/** A group of datasets and groups. */
export type H5Group = InstanceType<H5["Group"]>;
/** An array with attributes. */
export type H5Dataset = InstanceType<H5["Dataset"]>;
/** A member of a group: a group, a dataset, another kind, or null for none. */
export type H5Entity = ReturnType<H5Group["get"]>;

/** Opens a file to read, to extend or to create it. */
export async function openH5(path: string, mode: "r" | "a" | "w") {
  const h5 = await import("h5wasm/node");
  // Errors are thrown with HDF5's own texts, and not printed.
  (await h5.ready).activate_throwing_error_handler();
  // The earliest version, as anndata writes it, has no checksums.
  const libver: ["earliest", "latest"] = ["earliest", "latest"];
  // NetCDF shows variables and attributes in the order of their creation.
  return { h5, file: new h5.File(path, mode, { libver, track_order: mode === "w" }) };
}

/** Says what an element of an .h5ad file is, as anndata reads it. */
export function setEncoding(entity: H5Group | H5Dataset, type: string, version = "0.2.0"): void {
  entity.create_attribute("encoding-type", type);
  entity.create_attribute("encoding-version", version);
}

/** Waits until a closed file is on the disk. */
export function flushFile(path: string): void {
  const handle = openSync(path, "r+");
  fsyncSync(handle);
  closeSync(handle);
}

/**
 * A member of a group; null for an unknown name.
 * @throws {Error} for a link, which could lead outside the file, and for a view of other data
 */
export function child(group: H5Group, name: string): H5Entity {
  if (!group.keys().includes(name)) return null;
  const path = `${group.path}/${name}`.replace("//", "/");
  if (group.get_link(path) !== null || group.get_external_link(path).filename !== undefined)
    throw new Error(`${path} is a link, maybe to another file: copy the data into this file`);
  const entity = group.get(name);
  // Unopened sources would read as zeros.
  const { virtual_sources } =
    (entity as { metadata?: { virtual_sources?: unknown[] } }).metadata ?? {};
  if (virtual_sources?.length)
    throw new Error(`${path} is a view of other data: copy them into this file`);
  return entity;
}
