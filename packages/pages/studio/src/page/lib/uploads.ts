import type { DataPlace } from "../../shared/api.js";
import { fileSize } from "./format.js";
import { apiPath, post, usePolled, useTask } from "./server.js";

/** Formats of the file dialog. */
export const dataFormats = ".csv,.tsv,.tab,.gz,.parquet,.pq,.npy,.npz,.h5ad,.nc";

/** The data below the folder, and what brings further files there. */
export function useData() {
  const { value, error } = usePolled<DataPlace[]>(apiPath("files"));
  const task = useTask();
  const bring = (files: readonly File[], onPath: (path: string) => void) =>
    task.run(async () => {
      for (const file of files)
        onPath(await post<string>("upload", file, { params: { name: file.name } }));
    });
  return { places: value ?? [], bring, isBusy: task.isBusy, error: task.error ?? error };
}

/** The size or the number of images of a place. */
export const sizeText = ({ bytes, images }: DataPlace): string =>
  images === null ? fileSize(bytes ?? 0) : `${images} images`;
