import { isThere } from "../files.ts";
import { nodeFs } from "../nodeFile.ts";

/** What file systems without hard links say. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Gives a file its name, whole, where no other has it: by a hard link, which fails where one has. The
 * temporary name is the caller's to remove.
 * @returns false where there is one of that name
 */
export async function appear(temporary: string, path: string): Promise<boolean> {
  const fs = nodeFs("appear");
  try {
    await fs.link(temporary, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_LINKS.includes(code)) throw error;
    // No links here: of two at the same moment the second stays.
    if (await isThere(path)) return false;
    await fs.rename(temporary, path);
  }
  return true;
}
