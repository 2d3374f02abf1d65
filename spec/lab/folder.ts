import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the specs of one run keep the page that the first of them builds. */
    labFolder: string;
  }
}

/** Gives the specs of the lab a folder, before any runs, and takes it away after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "anchorgrad-lab-"));
  project.provide("labFolder", folder);
  return () => rm(folder, { recursive: true });
}
