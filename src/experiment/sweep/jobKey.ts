import type { Numerics } from "../../engines/numerics.ts";
import { jsonDigest } from "../../json/jsonDigest.ts";
import { type Inputs, inputsOf, type Job } from "./plan.ts";

/**
 * Names a job by all that decides its result, and by nothing else: jobs of one key measure the same
 * numbers and make the same weights, whoever runs them, in whichever sweep. Not part of it are names
 * and labels, the other rows, and the number of threads.
 * @param digests SHA-256 in hexadecimal of the weights that it begins with, for each of `inputsOf`
 * @returns SHA-256 of the canonical JSON, in hexadecimal
 * @throws TypeError where a digest is missing, or there is one that the job has no use for
 * @example const key = await jobKey(job, numericsOf(engine), { base: "9f86d0…" })
 */
export async function jobKey(
  { recipe, seed, row: id }: Pick<Job, "recipe" | "seed" | "row">,
  { class: name, version: numerics }: Numerics,
  digests: Inputs,
): Promise<string> {
  const [wanted, given] = [inputsOf(recipe, id), digests].map(rolesOf);
  if (wanted !== given)
    throw new TypeError(`jobKey: expected digests of ${wanted} for ${id}, got those of ${given}`);
  const { name: _, headline: __, fair: ___, rows, ...deciding } = recipe;
  const found = rows.find((one) => one.id === id);
  if (!found) throw new TypeError(`jobKey: expected a row of ${recipe.name}, got ${id}`);
  const { label: ____, family: _____, ...row } = found;
  return jsonDigest({ numerics, class: name, recipe: deciding, row, seed, inputs: digests });
}

const rolesOf = (inputs: Inputs): string => Object.keys(inputs).sort().join(" and ") || "nothing";
