import type { RunDetail } from "../../shared/api.js";
import { Draws } from "./draws.js";
import { Evaluate } from "./evaluate.js";
import { NewRows } from "./new-rows.js";
import { Export, NoExport, OutputList } from "./outputs.js";

/** What every form of a run needs. */
export interface UseProps {
  detail: RunDetail;
  /** Whether a job is at work. */
  isBusy: boolean;
}

/** A trained bridge at work. */
export function Use({ detail, isBusy }: UseProps) {
  if (detail.models === 0)
    return <p class="note">There is nothing to use before the first half-iteration ends.</p>;
  const props = { detail, isBusy };
  return (
    <>
      {isBusy && <p class="note">One thing at a time: the buttons wait for the work above.</p>}
      <OutputList detail={detail} />
      <NewRows {...props} />
      {detail.fields.length > 0 && <Draws {...props} />}
      <Evaluate {...props} />
      {detail.exportRefusal === null ? <Export {...props} /> : <NoExport detail={detail} />}
    </>
  );
}
