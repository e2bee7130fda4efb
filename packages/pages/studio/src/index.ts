export { type Studio, startStudio } from "./server/studio.js";
