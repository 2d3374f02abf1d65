import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** What else is loaded along with an entry, whether it is used or not: modules of Node's, packages. */
async function loadedWith(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
    ...{ bundle: true, write: false, format: "esm", splitting: true, outdir: "out" },
    ...{ packages: "external", platform: "node", metafile: true, logLevel: "error" },
  });
  const { outputs } = metafile;
  const eager = new Set(
    Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === `src/${entry}`),
  );
  const names = new Set<string>();
  for (const path of eager)
    for (const { kind, path: name, external } of outputs[path]?.imports ?? [])
      if (kind === "import-statement") (external ? names : eager).add(name);
  return [...names].sort();
}

test.each([
  ["index.ts", ["@huggingface/jinja", "@huggingface/tokenizers"]],
  ["arbitraries/index.ts", ["fast-check"]],
  ["tasks/index.ts", ["franc"]],
])("a page may import %s: nothing of Node's is loaded with it", async (entry, packages) => {
  expect(await loadedWith(entry)).toEqual(packages);
});

// The package holds Plot within a file of its own.
test.each(["finetune/index.ts", "experiment/index.ts"])(
  "%s loads what draws reports, and no other package before it is wanted",
  async (entry) => {
    const loaded = await loadedWith(entry);
    const packages = loaded.filter((name) => !name.startsWith("node:"));
    expect(packages).toEqual(["@observablehq/plot"]);
  },
);
