import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { DataError } from "../../tensor/errors.ts";
import { httpUrl, withoutSecrets } from "./address.ts";
import { headerValue } from "./headerValue.ts";

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
 * @throws DataError naming the variable that holds what is no address or no token, and never a secret
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
  const named = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].find((name) => given(name) !== undefined);
  const token = named
    ? given(named)
    : (await readFile(kept, "utf8").catch(() => "")).trim() || undefined;
  return {
    endpoint: endpointOf(given("HF_ENDPOINT") ?? "https://huggingface.co"),
    cache: expand(cache ?? join(home, "hub")),
    token: token && headerValue(named ?? kept, token),
    offline: isTrue(given("HF_HUB_OFFLINE")) || isTrue(given("TRANSFORMERS_OFFLINE")),
  };
}

function endpointOf(text: string): string {
  const url = httpUrl(text);
  if (!url)
    throw new DataError(
      `HF_ENDPOINT: expected an address with http:// or https://, got ${JSON.stringify(withoutSecrets(text).slice(0, 80))}`,
    );
  if (url.username || url.password || url.search || url.hash)
    throw new DataError("HF_ENDPOINT: expected an address alone, got one with more to it");
  return text.replace(/\/+$/, "");
}

const isTrue = (value = ""): boolean => ["1", "ON", "YES", "TRUE"].includes(value.toUpperCase());
