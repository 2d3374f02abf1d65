import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version in the nearest package.json above this file. */
async function ownVersion(): Promise<string> {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  const text = await readFile(join(folder, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Versions of what computes. */
export const ownVersions = async (): Promise<Readonly<Record<string, string>>> => ({
  anchorgrad: await ownVersion(),
  node: process.versions.node,
});
