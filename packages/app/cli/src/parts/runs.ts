// `dsbm/runs`: what a run leaves on disk, figures and reports.
export * from "@dsbm/runs";
