/** An address that requests can go to; undefined for others, and for what is none. */
export function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "https:" || url?.protocol === "http:" ? url : undefined;
}

/** An address as messages show it: without a user and a password, be it without slashes, `https:me:secret@host`. */
export const withoutSecrets = (text: string): string =>
  text.replace(/\/\/[^/]*@/g, "//…@").replace(/^([^:]*:[/\\]*)[^/\\]*@/, "$1…@");
