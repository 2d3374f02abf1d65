import { describe, expect, it } from "vitest";
import { openStore } from "../../src/store/openStore.ts";
import { readS3Credentials, readS3Url } from "../../src/store/s3/address.ts";

const base = (text: string, env = {}): string => readS3Url(text, env).base;

describe("a store's URL", () => {
  it("says where the bucket is", () => {
    expect(base("s3://runs")).toBe("https://runs.s3.us-east-1.amazonaws.com");
    expect(base("s3://runs/a?region=eu-west-1")).toBe("https://runs.s3.eu-west-1.amazonaws.com");
    expect(base("s3://my.runs")).toBe("https://s3.us-east-1.amazonaws.com/my.runs");
    const endpoint = "http://127.0.0.1:9000/";
    expect(base(`s3://runs?endpoint=${endpoint}`)).toBe("http://127.0.0.1:9000/runs");
    expect(base(`s3://runs?endpoint=${endpoint}&style=virtual`)).toBe("http://runs.127.0.0.1:9000");
    const env = { AWS_ENDPOINT_URL_S3: "https://garage.local", AWS_REGION: "garage" };
    expect(readS3Url("s3://runs/some/where/", env)).toEqual({
      ...{ bucket: "runs", prefix: "some/where/", region: "garage" },
      ...{ base: "https://garage.local/runs", name: "s3://runs/some/where" },
    });
  });

  it("is refused where it is no place, and never shown with a secret", () => {
    for (const text of ["s3://", "s3://UPPER", "http://runs", "s3://a?style=x", "s3://runs?reg=x"])
      expect(() => readS3Url(text, {}), text).toThrow(/^store: expected/);
    const odd = ["%zz", "%ff", "a%00b", "%2e%2e%2fb", "a%0a", "?region=x.org/", "?region="];
    for (const rest of odd)
      expect(() => readS3Url(`s3://runs/${rest}`, {}), rest).toThrow(
        /^store: expected a (prefix|region)/,
      );
    for (const text of ["s3://me:hidden@runs", "s3://runs?endpoint=https://me:hidden@host"]) {
      expect(() => readS3Url(text, {}), text).toThrow("expected no user or password in a URL");
      expect(() => readS3Url(text, {}), text).not.toThrow("hidden");
    }
    expect(() => readS3Url("s3://runs?endpoint=ftp://me:hidden@host", {})).toThrow("//…@host");
  });

  it("takes its secrets from the environment", async () => {
    const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key" };
    expect(readS3Credentials(env)).toEqual({ accessKeyId: "id", secretAccessKey: "key" });
    expect(readS3Credentials({ ...env, AWS_SESSION_TOKEN: "t" }).sessionToken).toBe("t");
    await expect(openStore("s3://runs", "/", {})).rejects.toThrow("expected AWS_ACCESS_KEY_ID in");
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
      for (const secret of ["hidden\nb", "hidden…", "hidden b"]) {
        const read = () => readS3Credentials({ ...env, [name]: secret });
        expect(read).toThrow(`${name}: expected letters`);
        expect(read).not.toThrow("hidden");
      }
    expect((await openStore("s3://runs/x", "/", env)).name).toBe("s3://runs/x");
  });

  it("may be a folder", async () => {
    expect((await openStore("kept", "/some/where", {})).name).toBe("/some/where/kept");
    expect((await openStore("file:///some/a%20b", "/", {})).name).toBe("/some/a b");
    for (const text of ["file://nas/share", "file:///a%2fb"])
      await expect(openStore(text, "/", {})).rejects.toThrow(
        "a folder of this machine as file:///",
      );
    await expect(openStore("gs://runs", "/", {})).rejects.toThrow("got gs://");
  });
});
