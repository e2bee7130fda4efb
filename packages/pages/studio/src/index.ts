export type { FitCommand, StudioProgram } from "./commands/requests.js";
export { type Studio, startStudio } from "./server/studio.js";
