import { DataError } from "../../tensor/errors.ts";
import { httpUrl, withoutSecrets } from "../../weights/hub/address.ts";
import { headerValue } from "../../weights/hub/headerValue.ts";
import { shown } from "../store.ts";

/** Where a bucket is, and how it is spoken to. */
export interface S3Address {
  readonly bucket: string;
  /** What stands before every key: empty, or it ends with `/`. */
  readonly prefix: string;
  readonly region: string;
  /** Of the bucket, without a `/` at its end: `https://b.s3.eu-west-1.amazonaws.com`. */
  readonly base: string;
  /** For messages. */
  readonly name: string;
}

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const KNOWN = ["endpoint", "region", "style"];
const NO_SECRETS = "expected no user or password in a URL, which ends up in histories and logs";

/**
 * `s3://bucket/prefix?endpoint=https://host:9000&region=auto&style=path`. What the URL does not say
 * is said by AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION and AWS_DEFAULT_REGION. Other
 * endpoints than Amazon's have their buckets in the path, unless the style is `virtual`.
 * @throws DataError naming what was expected
 */
export function readS3Url(text: string, env: Environment): S3Address {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "s3:" || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.hostname))
    throw new DataError(`store: expected s3://bucket/prefix, got ${withoutSecrets(text)}`);
  if (url.username || url.password)
    throw new DataError(`store: ${NO_SECRETS}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
  const { hostname: bucket, searchParams } = url;
  const unknown = [...searchParams.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined)
    throw new DataError(`store: expected ${KNOWN.join(", ")} behind ?, got ${unknown}`);
  const path = decoded(url.pathname)?.replace(/^\/+|\/+$/g, "");
  if (path === undefined || /[\p{Cc}\p{Cs}]/u.test(path) || path.split("/").some(isDots))
    throw new DataError(`store: expected a prefix of names, got ${shown(url.pathname)}`);
  const region =
    searchParams.get("region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  if (!/^[a-z0-9-]{1,63}$/.test(region))
    throw new DataError(`store: expected a region as us-east-1, got ${shown(region)}`);
  const given =
    searchParams.get("endpoint") ?? env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"];
  const endpoint = endpointOf(given ?? `https://s3.${region}.amazonaws.com`);
  // A certificate for *.s3.amazonaws.com is none for a.b.s3.amazonaws.com.
  const usual = given === undefined && !bucket.includes(".") ? "virtual" : "path";
  const style = searchParams.get("style") ?? usual;
  if (style !== "path" && style !== "virtual")
    throw new DataError(`store: expected style=path or style=virtual, got ${style}`);
  const root = `${endpoint.pathname.replace(/\/+$/, "")}`;
  const base =
    style === "path"
      ? `${endpoint.origin}${root}/${bucket}`
      : `${endpoint.protocol}//${bucket}.${endpoint.host}${root}`;
  return {
    ...{ bucket, region, base, prefix: path && `${path}/` },
    name: `s3://${bucket}${path && `/${path}`}`,
  };
}

/** Undefined for what is no percent-encoded UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Whether a URL would leave out the part, or go up with it. */
const isDots = (part: string): boolean => part === "." || part === "..";

function endpointOf(text: string): URL {
  const url = httpUrl(text);
  if (!url)
    throw new DataError(
      `store: expected an endpoint as https://host:9000, got ${withoutSecrets(text)}`,
    );
  if (url.username || url.password) throw new DataError(`store: ${NO_SECRETS}`);
  return url;
}

/** @throws DataError that names the variable which is missing */
export function readS3Credentials(env: Environment): S3Credentials {
  const needed = (name: string): string => {
    const value = env[name];
    if (value) return headerValue(name, value);
    throw new DataError(`store: expected ${name} in the environment, got none`);
  };
  const sessionToken = env["AWS_SESSION_TOKEN"];
  return {
    accessKeyId: needed("AWS_ACCESS_KEY_ID"),
    secretAccessKey: needed("AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken && { sessionToken: headerValue("AWS_SESSION_TOKEN", sessionToken) }),
  };
}
