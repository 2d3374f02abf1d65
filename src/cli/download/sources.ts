import { ifeval, medcalc } from "../../tasks/index.ts";
import { DataError } from "../../tensor/errors.ts";
import { readJsonlBytes } from "../terminal/jsonlFile.ts";
import { type Knobs, oneOf, type Values } from "../terminal/knobs.ts";
import { guardedParquet } from "../terminal/parquet.ts";
import { UsageError } from "../terminal/usage.ts";

/** A file that its authors publish. */
export interface Published {
  /** How it is named on disk. */
  readonly name: string;
  readonly url: string;
  /** Where a person finds it. */
  readonly page: string;
  readonly licence: string;
  /** Bytes. */
  readonly size?: number;
  readonly sha256?: string;
}

/** A benchmark with files to fetch. */
interface Publication {
  readonly knobs: Knobs;
  readonly choose: (values: Values<Knobs>) => Published;
  /** What a fetched file holds. @throws DataError for a file that is no such benchmark's */
  readonly describe: (bytes: Uint8Array, path: string, signal: AbortSignal) => Promise<string>;
}

const medcalcKnobs = {
  release: oneOf("default: v1.0, the paper's", ["v1.0", "v1.2"]),
  part: oneOf("default: test", ["test", "train"]),
};

const hub = (name: string, file: string): Pick<Published, "url" | "page"> => ({
  url: `https://huggingface.co/datasets/${name}/resolve/main/${file}`,
  page: `https://huggingface.co/datasets/${name}`,
});

function chooseMedcalc({
  release = "v1.0",
  part = "test",
}: Values<typeof medcalcKnobs>): Published {
  const place =
    release === "v1.0"
      ? hub("ncbi/MedCalc-Bench-v1.0", `data/${part}-00000-of-00001.parquet`)
      : hub("ncbi/MedCalc-Bench-v1.2", `${part}_data_11_18_final.csv`);
  const ending = release === "v1.0" ? "parquet" : "csv";
  return {
    name: `medcalc-bench-${release}-${part}.${ending}`,
    licence: "CC-BY-SA-4.0",
    ...place,
  };
}

const repository = "google-research/google-research";
const folder = "master/instruction_following_eval/data";

const ifevalFile: Published = {
  name: "ifeval-input_data.jsonl",
  url: `https://raw.githubusercontent.com/${repository}/${folder}/input_data.jsonl`,
  page: `https://github.com/${repository}/blob/${folder}/input_data.jsonl`,
  licence: "Apache-2.0",
  size: 207_111,
  sha256: "67ffeee0fcb87c317c5b08a2de85557b4a7e96ada6178aa645b4954fe4b53d49",
};

/** @throws DataError for a file without a row, as the page of a portal is */
function expectRows(rows: readonly unknown[], path: string): void {
  if (rows.length === 0) throw new DataError(`${path}: expected rows, got none that can be used`);
}

const publications: Readonly<Record<string, Publication>> = {
  medcalc: {
    knobs: medcalcKnobs,
    choose: chooseMedcalc as Publication["choose"],
    describe: async (bytes, path, signal) => {
      const read = medcalc.readRows(bytes, path, guardedParquet(signal));
      const { rows, problems, version } = await read;
      expectRows(rows, path);
      return `${rows.length} rows (${version}), ${problems.length} of them unusable`;
    },
  },
  ifeval: {
    knobs: {},
    choose: () => ifevalFile,
    describe: async (bytes, path) => {
      const { rows, problems } = readJsonlBytes(bytes, path, ifeval.readPrompts);
      expectRows(rows, path);
      return `${rows.length} prompts, ${problems.length} rows unusable`;
    },
  },
};

/** The benchmarks with files to fetch. */
export const publishedNames: readonly string[] = Object.keys(publications);

/** @throws UsageError for a benchmark of which nothing is published */
export function publicationOf(name: string): Publication {
  const found = Object.hasOwn(publications, name) ? publications[name] : undefined;
  if (found === undefined)
    throw new UsageError(`download: expected one of ${publishedNames.join(", ")}, got ${name}`);
  return found;
}
