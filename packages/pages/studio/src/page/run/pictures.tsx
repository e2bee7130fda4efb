import type { Picture, RunDetail } from "../../shared/api.js";
import { directionTitle } from "../lib/format.js";
import { Select } from "../lib/parts.js";
import { setParams } from "../lib/route.js";
import { apiPath } from "../lib/server.js";

const first = ["scatter", "end", "path"];

export function Pictures({ detail, params }: { detail: RunDetail; params: URLSearchParams }) {
  const { pictures, row } = detail;
  if (pictures.length === 0) return null;
  const all = [...new Set(pictures.map(({ kind }) => kind))];
  const kinds = [
    ...first.filter((kind) => all.includes(kind)),
    ...all.filter((kind) => !first.includes(kind)),
  ];
  const choice = params.get("picture") ?? "";
  const kind = kinds.includes(choice) ? choice : kinds[0];
  const ofKind = pictures.filter((picture) => picture.kind === kind);
  const times = [...new Set(ofKind.map(({ at }) => at))];
  const timeParam = params.get("time");
  const index =
    timeParam === null ? times.length - 1 : Math.min(Number(timeParam) || 0, times.length - 1);
  const ways = [...new Set(ofKind.map(({ direction }) => direction))].sort().reverse();
  const images = ways.flatMap((way) => {
    const image = ofKind.findLast(
      ({ direction, at }) => direction === way && times.indexOf(at) <= index,
    );
    return image ? [image] : [];
  });
  const source = ({ file, changed }: Picture) =>
    apiPath("picture", { run: row.id, file, v: String(changed) });
  return (
    <section aria-label="Images">
      <h2>Pictures</h2>
      <div class="bar">
        {kinds.length > 1 && (
          <Select
            label="What"
            value={kind}
            options={kinds}
            onChange={(picture) => setParams({ picture, time: null })}
          />
        )}
        {times.length > 1 && (
          <label>
            When{" "}
            <input
              type="range"
              min="0"
              max={times.length - 1}
              value={index}
              aria-valuetext={String(times[index])}
              onInput={(e) => {
                const at = Number(e.currentTarget.value);
                setParams({ time: at === times.length - 1 ? null : String(at) });
              }}
            />{" "}
            <output>{index === times.length - 1 ? `newest: ${times[index]}` : times[index]}</output>
          </label>
        )}
      </div>
      <div class="pictures">
        {images.map((picture) => (
          <figure key={picture.direction ?? picture.file}>
            <figcaption>
              {[picture.direction && directionTitle(picture.direction), picture.at]
                .filter(Boolean)
                .join(", ") || picture.file}
            </figcaption>
            <img src={source(picture)} alt={`${kind}, ${directionTitle(picture.direction)}`} />
          </figure>
        ))}
      </div>
    </section>
  );
}
