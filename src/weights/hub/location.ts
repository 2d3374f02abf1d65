import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the Hub and its cache are, as huggingface_hub finds them. */
export interface HubLocation {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cache: string;
  /** Sent to the endpoint alone. */
  readonly token: string | undefined;
  /** Only the cache is asked. */
  readonly offline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads HF_ENDPOINT, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, HF_TOKEN,
 * HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE.
 * @see https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export async function hubLocation(env: Environment): Promise<HubLocation> {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined;
  const user = given("HOME") ?? homedir();
  const expand = (path: string): string => path.replace(/^~(?=$|[\\/])/, user);
  const caches = given("XDG_CACHE_HOME") ?? join(user, ".cache");
  const home = expand(given("HF_HOME") ?? join(caches, "huggingface"));
  const cache = given("HF_HUB_CACHE") ?? given("HUGGINGFACE_HUB_CACHE");
  const kept = expand(given("HF_TOKEN_PATH") ?? join(home, "token"));
  return {
    endpoint: (given("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, ""),
    cache: expand(cache ?? join(home, "hub")),
    token:
      given("HF_TOKEN") ??
      given("HUGGING_FACE_HUB_TOKEN") ??
      ((await readFile(kept, "utf8").catch(() => "")).trim() || undefined),
    offline: isTrue(given("HF_HUB_OFFLINE")) || isTrue(given("TRANSFORMERS_OFFLINE")),
  };
}

const isTrue = (value = ""): boolean => ["1", "ON", "YES", "TRUE"].includes(value.toUpperCase());
