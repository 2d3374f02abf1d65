/// <reference lib="webworker" />

/** What a worker may be for. */
export type Role = "training" | "inspecting" | "reading" | "unpacking" | "model" | "pulling";

/** What a thread does with what the page sends. */
interface Part {
  hear(message: unknown): void;
}

/** One script for all, so that what they share is loaded once. */
const parts: Readonly<Record<Role, () => Promise<Part>>> = {
  training: async () => (await import("./training.ts")) as Part,
  inspecting: async () => (await import("../program/inspecting.ts")) as Part,
  unpacking: async () => (await import("../runs/unpacking.ts")) as Part,
  model: async () => (await import("../model/hearing.ts")) as Part,
  pulling: async () => (await import("../model/hub/pulling.ts")) as Part,
  reading: async () => (await import("../tokens/reading.ts")) as Part,
};

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
const part = parts[scope.name as Role]();
// Messages wait in order until the part is loaded.
scope.onmessage = async ({ data }) => (await part).hear(data);
