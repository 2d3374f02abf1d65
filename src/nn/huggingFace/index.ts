export { configOf } from "./configOf.ts";
export { huggingFaceConfig } from "./huggingFaceConfig.ts";
export { type LoadedParams, type NamedTensors, paramsFrom } from "./paramsFrom.ts";
export { type Part, type Stored, storedTensors } from "./stored.ts";
export { type TensorToWrite, tensorsFor } from "./tensorsFor.ts";
