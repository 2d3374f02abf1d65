/** Whether the package can be published: npm checks provenance against `repository`, after all tests have run. */
import { readFile } from "node:fs/promises";

const { repository, homepage, bugs, version } = JSON.parse(
  await readFile(new URL("../package.json", import.meta.url), "utf8"),
);
const changes = await readFile(new URL("../CHANGELOG.md", import.meta.url), "utf8");
const missing = Object.entries({ repository, homepage, bugs }).flatMap(([name, value]) =>
  value === undefined ? [`package.json: expected ${name}: npm pkg set ${name}=…`] : [],
);
if (!new RegExp(`^## ${version} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, "m").test(changes))
  missing.push(`CHANGELOG.md: expected a heading "## ${version} (YYYY-MM-DD)"`);
for (const line of missing) console.error(line);
process.exitCode = missing.length > 0 ? 1 : 0;
