import { type UnzipFileInfo, unzipSync } from "fflate";
import { name as checkName } from "../../experiment/checks.ts";
import { DataError, located } from "../../tensor/errors.ts";
import { decodeSafetensors } from "../../weights/safetensors.ts";
import { differs, digestPath } from "../../weights/store.ts";

/** A run as a file brought it: its name, and its files under their paths in its folder. */
export interface PackedRun {
  readonly name: string;
  readonly files: readonly (readonly [path: string, bytes: Uint8Array])[];
}

/** What a run may hold that is opened here, and nothing else: no page, which could have scripts. */
const KNOWN =
  /^(config\.json|(metrics|attempts)\.jsonl|rows\/seed-\d+\/\w[\w.-]*\.(jsonl|attempt\.json)|address\.txt|samples\.json|(checkpoints|snapshots)(\/\w[\w.-]*){1,8}\.safetensors(\.sha256)?)$/;

const MOST_FILES = 10_000;
const MOST_BYTES = 2 ** 30;
/** Measurements shrink to a tenth and weights hardly: what grows more was made to fill memory. */
const MOST_GROWTH = 100;
const SMALL = 2 ** 24;

/** Refuses, before anything is unpacked, what would not end well. */
function limits(size: number): (file: UnzipFileInfo) => boolean {
  const most = Math.min(MOST_BYTES, SMALL + MOST_GROWTH * size);
  let [files, bytes] = [0, 0];
  return ({ originalSize }) => {
    files++;
    bytes += originalSize;
    if (files > MOST_FILES)
      throw new DataError(`expected at most ${MOST_FILES} files in it, got more`);
    if (bytes > most)
      throw new DataError(
        `expected at most ${most} bytes in its ${size}, got ${bytes} in the first ${files} files`,
      );
    return true;
  };
}

function unpacked(bytes: Uint8Array): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes, { filter: limits(bytes.length) });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`expected a zip file, got ${(error as Error).message}`);
  }
}

/**
 * Unpacks a run.
 * @param file the name of the zip file
 * @throws DataError that says what is wrong with the file: too much in it, no run in it, a name that
 *   is none of a folder, damaged weights
 */
export async function unpackZip(bytes: Uint8Array, file: string): Promise<PackedRun> {
  const all = Object.entries(located(file, () => unpacked(bytes)));
  const config = all.find(([path]) => /(^|\/)config\.json$/.test(path))?.[0];
  if (config === undefined) throw new DataError(`${file}: expected a config.json in it, got none`);
  const folder = config.slice(0, -"config.json".length);
  const wanted = folder.replace(/\/$/, "").split("/").at(-1) || file.replace(/\.zip$/, "");
  const name = wanted.replaceAll(/[^\w.-]+/g, "-");
  located(file, () => checkName(name, "the run's folder"));
  const files = all.flatMap(([path, content]) => {
    const inside = path.slice(folder.length);
    return path.startsWith(folder) && KNOWN.test(inside) ? [[inside, content] as const] : [];
  });
  const byPath = new Map(files);
  for (const [path, content] of files) {
    if (!path.endsWith(".safetensors")) continue;
    decodeSafetensors(content, `${file}: ${path}`);
    const digest = byPath.get(digestPath(path));
    if (digest && (await differs(content, digest)))
      throw new DataError(`${file}: ${path}: expected the bytes that were saved, got others`);
  }
  return { name, files };
}
