import type { RunDetail, RunPicture } from "../../shared/api.js";
import { directionTitle } from "../lib/format.js";
import { Select } from "../lib/parts.js";
import { setParams } from "../lib/route.js";
import { apiPath } from "../lib/server.js";

/** The kinds of images that are offered before the others. */
const firstKinds = ["scatter", "end", "path"];

/** Images of a run by their kind and their time. */
export function Pictures({ detail, params }: { detail: RunDetail; params: URLSearchParams }) {
  const { pictures, row } = detail;
  if (pictures.length === 0) return null;
  const kinds = kindsOf(pictures);
  const choice = params.get("picture") ?? "";
  const kind = kinds.includes(choice) ? choice : kinds[0];
  const ofKind = pictures.filter((picture) => picture.kind === kind);
  const times = [...new Set(ofKind.map(({ at }) => at))];
  const timeParam = params.get("time");
  const index =
    timeParam === null ? times.length - 1 : Math.min(Number(timeParam) || 0, times.length - 1);
  return (
    <section aria-label="Images">
      <h2>Images</h2>
      <div class="bar">
        {kinds.length > 1 && (
          <Select
            label="What"
            value={kind}
            options={kinds}
            onChange={(picture) => setParams({ picture, time: null })}
          />
        )}
        {times.length > 1 && <TimeSlider times={times} index={index} />}
      </div>
      <div class="pictures">
        {newestImages(ofKind, times.slice(0, index + 1)).map((picture) => (
          <Figure key={picture.direction ?? picture.file} picture={picture} run={row.id} />
        ))}
      </div>
    </section>
  );
}

function kindsOf(pictures: readonly RunPicture[]): string[] {
  const all = [...new Set(pictures.map(({ kind }) => kind))];
  return [
    ...firstKinds.filter((kind) => all.includes(kind)),
    ...all.filter((kind) => !firstKinds.includes(kind)),
  ];
}

/** The last image of each direction at one of `times`. */
function newestImages(
  pictures: readonly RunPicture[],
  times: readonly RunPicture["at"][],
): RunPicture[] {
  const directions = [...new Set(pictures.map(({ direction }) => direction))].sort().reverse();
  return directions.flatMap((direction) => {
    const image = pictures.findLast(
      (picture) => picture.direction === direction && times.includes(picture.at),
    );
    return image ? [image] : [];
  });
}

function TimeSlider({ times, index }: { times: readonly RunPicture["at"][]; index: number }) {
  const last = times.length - 1;
  return (
    <label>
      When{" "}
      <input
        type="range"
        min="0"
        max={last}
        value={index}
        aria-valuetext={String(times[index])}
        onInput={(e) => {
          const at = Number(e.currentTarget.value);
          setParams({ time: at === last ? null : String(at) });
        }}
      />{" "}
      <output>{index === last ? `newest: ${times[index]}` : times[index]}</output>
    </label>
  );
}

function Figure({ picture, run }: { picture: RunPicture; run: string }) {
  const { kind, direction, at, file, changed } = picture;
  const caption = [direction && directionTitle(direction), at].filter(Boolean).join(", ");
  const source = apiPath("picture", { run, file, v: String(changed) });
  return (
    <figure>
      <figcaption>{caption || file}</figcaption>
      <img
        class={/^(scatter|spectrum)$/.test(kind) ? "plot" : ""}
        src={source}
        alt={`${kind}, ${directionTitle(direction)}`}
      />
    </figure>
  );
}
