import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");

/** What somebody else writes who has nothing but the package. */
const program = `
import { createEngine, grad, ops, type Tensor, tensor } from "anchorgrad";
import { pairs } from "anchorgrad/arbitraries";
import { countdown } from "anchorgrad/tasks";

const square = (x: Tensor): Tensor => ops.sum(ops.square(x));
const engine = await createEngine({ backend: "wasm", threads: 1 });
const { data } = await engine.run(() => grad(square)(tensor([1, 2, 3])));
const isRight: boolean = countdown.verify({ numbers: [1, 2], target: 3, text: "\\\\boxed{1+2}" });
console.log([...data].join(" "), isRight, typeof pairs);
await engine.close();
`;
/** Strict, with no types but the language's own. */
const settings = {
  compilerOptions: {
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, types: [] },
    ...{ module: "nodenext", target: "es2022", lib: ["es2022"], outDir: "out" },
  },
  files: ["program.mts", "globals.d.ts"],
};

describe("the package as it is installed", () => {
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "anchorgrad-"));
    const own = join(place, "node_modules/anchorgrad");
    await mkdir(own, { recursive: true });
    await run(process.execPath, [tsc, "-p", join(root, "src"), "--outDir", join(own, "dist")]);
    await cp(join(root, "package.json"), join(own, "package.json"));
    const { dependencies, peerDependencies } = JSON.parse(
      await readFile(join(own, "package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      await mkdir(join(place, "node_modules", name, ".."), { recursive: true });
      await symlink(join(root, "node_modules", name), join(place, "node_modules", name));
    }
    await writeFile(join(place, "program.mts"), program);
    await writeFile(
      join(place, "globals.d.ts"),
      "declare const console: { log(...x: unknown[]): void };",
    );
    await writeFile(join(place, "tsconfig.json"), JSON.stringify(settings));
  });
  afterAll(() => rm(place, { recursive: true }));

  test("type-checks a strict program and runs it", async () => {
    await run(process.execPath, [tsc, "-p", place]).catch(({ stdout, message }) => {
      throw new Error(stdout || message);
    });
    const { stdout } = await run(process.execPath, [join(place, "out/program.mjs")]);
    expect(stdout).toBe("2 4 6 true function\n");
  });

  test("has a command that says its version", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const main = join(place, "node_modules/anchorgrad/dist/src/cli/main.js");
    expect((await run(process.execPath, [main, "--version"])).stdout).toBe(`${version}\n`);
  });
});
