import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

test.each(["index.ts", "tasks/index.ts"])(
  "a page may import %s: nothing of Node's is loaded with it",
  async (entry) => {
    const { metafile } = await build({
      entryPoints: [fileURLToPath(new URL(`../src/${entry}`, import.meta.url))],
      ...{ bundle: true, write: false, format: "esm", metafile: true, logLevel: "error" },
      external: ["node:*"],
    });
    const eager = Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.filter(({ kind, path }) => kind === "import-statement" && path.startsWith("node:")),
    );
    expect(eager.map(({ path }) => path)).toEqual([]);
  },
);
