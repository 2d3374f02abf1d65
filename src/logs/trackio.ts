import { headerValue } from "../weights/hub/headerValue.ts";
import { finiteIn, type LoggedRun, type Tracker } from "./log.ts";
import { post } from "./request.ts";

/**
 * A Trackio server, on this machine or a Space of the Hub. TRACKIO_WRITE_TOKEN lets write to a server
 * of one's own, HF_TOKEN to a Space.
 * @see https://github.com/gradio-app/trackio
 */
export function trackio(
  address: string,
  environment: Readonly<Record<string, string | undefined>>,
  fetch?: typeof globalThis.fetch,
): Tracker {
  const { TRACKIO_WRITE_TOKEN: token, HF_TOKEN: hub } = environment;
  const headers = {
    ...(token && { "x-trackio-write-token": headerValue("TRACKIO_WRITE_TOKEN", token) }),
    ...(hub && isSpace(address) && { authorization: `Bearer ${headerValue("HF_TOKEN", hub)}` }),
  };
  return {
    async begin({ group: project, name: run, settings, tags = [], note }: LoggedRun) {
      const config = {
        ...settings,
        ...(tags.length > 0 && { tags }),
        ...(note !== undefined && { note }),
      };
      const send = async (
        step: number,
        metrics: Readonly<Record<string, number>>,
        said: typeof config | null,
      ): Promise<void> => {
        const logs = [{ project, run, metrics, step, config: said }];
        await post(`${address}/api/bulk_log`, { logs, hf_token: null }, headers, fetch);
      };
      await send(0, {}, config);
      return {
        async log(step, metrics) {
          const sent = finiteIn(metrics);
          if (sent.length > 0) await send(step, Object.fromEntries(sent), null);
        },
        end: async () => {},
      };
    },
  };
}

/** Whether an address is the Hub's: no other server is to see its token. */
function isSpace(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" && hostname.endsWith(".hf.space");
}
