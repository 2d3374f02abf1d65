/**
 * Takes a queue's server away for a minute, with the leases that workers have by default:
 *
 *   npx esbuild spec/queue/measureOutage.ts --bundle --platform=node --target=node20 --format=esm \
 *     --packages=external --outfile=node_modules/.scale/outage.js
 *   node node_modules/.scale/outage.js redis kill
 */

import { type OutageOptions, outage } from "./outage.ts";
import { kinds } from "./servers.ts";

const [name = "redis", how = "kill", seconds = "60"] = process.argv.slice(2);
const kind = kinds.find((one) => one.name === name);
if (!kind || kind.absent)
  throw new Error(kind?.absent ?? `expected redis or postgres, got ${name}`);
const server = await kind.open();
const options: OutageOptions = {
  ...{ server, lease: 600_000, renewal: 60_000, look: 30_000 },
  ...{ away: 1000 * Number(seconds), how: how === "stop" ? "stop" : "kill" },
};
const { began, stopped, heard } = await outage(options);
process.stdout.write(
  `${name}, ${how}, away for ${seconds} s: begun ${began.join(", ")}; stopped ${stopped.join(", ") || "none"}; ends heard ${(heard / 1000).toFixed(1)} s after its return\n`,
);
await server.close();
process.exit();
