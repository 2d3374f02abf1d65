import { join } from "node:path";
import type { InputCache } from "../../jobs/inputs.ts";
import { at } from "../../tensor/shapes.ts";
import type { FinetuneJob } from "./finetuneJob.ts";
import { type Places, ROLES, type Role } from "./inputFiles.ts";

/** Where a job's files lie below a folder: one for each role. */
export const placesIn = (folder: string): Places =>
  Object.fromEntries(ROLES.map((role) => [role, join(folder, role)]));

/** Lays out a job's files. */
export async function layOut(
  { files }: FinetuneJob,
  folder: string,
  cache: InputCache,
): Promise<void> {
  for (const role of ROLES)
    for (const { name, digest } of files[role] ?? [])
      await cache.place(digest, join(folder, role, name));
}

/** What a recipe names, as it lies there: the model's folder or file, and the data's files. */
export function pathsOf(
  { files, modelFile }: FinetuneJob,
  folder: string,
): Readonly<Partial<Record<Role, string>>> {
  const paths = ROLES.flatMap((role): [Role, string][] => {
    const listed = files[role];
    if (!listed) return [];
    const place = join(folder, role);
    if (role !== "model") return [[role, join(place, at(listed, 0).name)]];
    return [[role, modelFile === undefined ? place : join(place, modelFile)]];
  });
  return Object.fromEntries(paths);
}
