import { useRef, useState } from "preact/hooks";
import { DropZone } from "../../widgets/index.js";
import { Fault, Search } from "../lib/parts.js";
import { dataFormats, sizeText, useData } from "../lib/uploads.js";

const mostShown = 50;

interface FilesProps {
  files: readonly string[];
  /** Whether one table holds all times or groups. */
  isOneTable: boolean;
  onChange(files: string[]): void;
}

/** The files of a bridge: chosen from the folder's list, or dropped. */
export function Files({ files, isOneTable, onChange }: FilesProps) {
  const { places, bring, isBusy, error } = useData();
  const [filter, setFilter] = useState("");
  const now = useRef(files);
  now.current = files;
  const add = (path: string) => {
    if (now.current.includes(path)) return;
    now.current = [...now.current, path];
    onChange([...now.current]);
  };
  const free = places.filter(({ path }) => !files.includes(path) && path.includes(filter));
  return (
    <section aria-label="Files">
      <h2>Files</h2>
      <Chosen files={files} isOneTable={isOneTable} onChange={onChange} />
      <DropZone accept={dataFormats} onFiles={(list) => bring(list, add)}>
        Drop files here, or choose them: CSV, TSV, parquet, npy, h5ad, NetCDF, up to 1 GB. They are
        kept in the folder of the studio.
      </DropZone>
      {isBusy && <p role="status">The files are taken …</p>}
      <Fault text={error} />
      {places.length > files.length && (
        <details open={files.length < 2}>
          <summary>Data in the folder of the studio ({places.length})</summary>
          <div class="bar">
            <Search label="Find" value={filter} onInput={(text) => setFilter(text ?? "")} />
          </div>
          <ul class="places" aria-label="Data in the folder">
            {free.slice(0, mostShown).map((place) => (
              <li key={place.path}>
                <button type="button" onClick={() => add(place.path)}>
                  Add <span class="hidden">{place.path}</span>
                </button>{" "}
                <span>{place.path}</span> <small>{sizeText(place)}</small>
              </li>
            ))}
          </ul>
          {free.length > mostShown && <p class="note">{free.length - mostShown} more match.</p>}
        </details>
      )}
    </section>
  );
}

/** The name of a file's part in the bridge. */
const partName = (k: number, count: number): string =>
  k === 0 ? "source" : k === count - 1 ? "target" : `time ${k + 1}`;

function Chosen({ files, isOneTable, onChange }: FilesProps) {
  const swap = (k: number) =>
    onChange(files.toSpliced(k - 1, 2, files[k] ?? "", files[k - 1] ?? ""));
  if (files.length === 0) return null;
  return (
    <ol class="places" aria-label="Files of the bridge">
      {files.map((path, k) => (
        <li key={path}>
          <b>{isOneTable ? "table" : partName(k, files.length)}</b> {path}{" "}
          {k > 0 && (
            <button type="button" onClick={() => swap(k)}>
              Earlier <span class="hidden">{path}</span>
            </button>
          )}{" "}
          <button type="button" onClick={() => onChange(files.filter((one) => one !== path))}>
            Remove <span class="hidden">{path}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
