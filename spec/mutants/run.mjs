// Changes one place at a time of what computes, and runs the specs that are to notice:
//
//     npm run mutants                        a sample of 380 mutants, the same each time
//     npm run mutants -- --count 1000        a larger one, which holds the smaller
//     npm run mutants -- src/optim           those of the sample in a folder, a file or a line of one
//     npm run mutants -- src/optim/muon.ts:129 --on spec/optim/muon.spec.ts    on that spec alone
//     npm run mutants -- --most 30           on the quickest specs alone, that take so many seconds
//     npm run mutants -- --fresh             tries again what was tried before
//
// Verdicts are kept in node_modules/.cache/mutants: a run that was stopped goes on. A mutant is tried
// again once its file changes, or the spec that noticed it; one that survived, once any of its specs
// does, on those that it was not tried on: after --most, a run without goes on where that one left.
// Exits with 1 where one survives that equivalent.json does not explain.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { distances } from "./imports.mjs";
import { copyOf, openLanes } from "./lanes.mjs";
import { mutantsOf, sha256 } from "./sites.mjs";
import { subjects } from "./subjects.mjs";
import { refusedByTypes } from "./types.mjs";
import { openTimes, openVerdicts } from "./verdicts.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "380" },
    lanes: { type: "string", default: "2" },
    most: { type: "string", default: "Infinity" },
    on: { type: "string", multiple: true },
    fresh: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});
const count = Number(options.count);
const most = Number(options.most);

const read = (file) => readFileSync(join(root, file), "utf8");

/** The files of a folder with an ending, at every level. */
const filesIn = (folder, ending) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true })
        .filter((name) => name.endsWith(ending))
        .map((name) => `${folder}/${name}`)
        .toSorted()
    : [];

const cache = join(root, "node_modules/.cache/mutants");
const texts = new Map();
/** Kept, as the lanes copy the tree: somebody may work on it while this runs. */
function textOf(file) {
  if (!texts.has(file)) texts.set(file, existsSync(join(root, file)) ? read(file) : "");
  return texts.get(file);
}
const hashes = new Map();
function hashOf(file) {
  if (!hashes.has(file)) hashes.set(file, sha256(textOf(file)));
  return hashes.get(file);
}
const verdicts = openVerdicts(cache, { fresh: options.fresh, hashOf });
const times = openTimes(cache);

const distance = distances(root);

/** How long a spec takes: as it was seen, else by its size, for a start. */
const costOf = (spec) => times.get(spec) ?? textOf(spec).length / 4000;

/** The specs of a folder, or the one spec of that name. */
const specsIn = (place) =>
  place.endsWith(".spec.ts")
    ? [place].filter((file) => existsSync(join(root, file)))
    : filesIn(place, ".spec.ts");

/** All specs but those of what takes a browser, a server or a program of its own. */
const anywhere = filesIn("spec", ".spec.ts").filter(
  (spec) => !/^spec\/(browser|cli|docs|lab|packaging|queue|store)\//.test(spec),
);

/**
 * A file's specs, of those that import it: those that bear its name or its folder's, those that import it
 * themselves, and those of its folder, of those above and of the subject.
 * @returns them, and how many times the cost of a near one each is worth: what is far notices less often
 */
function specsOf(file, { folder, specs }) {
  const mirror = dirname(file).replace(/^src\//, "spec/");
  const name = basename(file, ".ts");
  const own = [`${mirror}/${name}.spec.ts`, `${mirror}.spec.ts`];
  const named = own.filter((spec) => existsSync(join(root, spec)));
  const direct = anywhere.filter((spec) => distance(spec, file) === 1);
  const inTasks = folder === "src/tasks" && mirror.split("/").length > 2;
  const above = inTasks ? specsIn(mirror.split("/").slice(0, 3).join("/")) : [];
  const others = [...above, ...specs.flatMap(specsIn)];
  const far = new Map();
  for (const [steps, list] of [
    [1, [...named, ...direct]],
    [2, specsIn(mirror)],
    [8, others],
  ])
    for (const spec of list)
      if (!far.has(spec) && Number.isFinite(distance(spec, file))) far.set(spec, steps);
  return { specs: [...far.keys()], far };
}

/** The rows of the table of traits. */
const primitives = new Set(
  [...read("src/tensor/traits.ts").matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name),
);

/** The primitive whose row or function a mutant stands in: the laws name each. */
const opOf = ({ file, within }) =>
  [...within, basename(file, ".ts")].find((name) => primitives.has(name));

/** The laws to ask about that primitive alone, before all specs. */
const lawsOf = (mutant) =>
  opOf(mutant) === undefined
    ? []
    : (mutant.subject.laws ?? []).filter((spec) => Number.isFinite(distance(spec, mutant.file)));

const byId = (a, b) => (a.id < b.id ? -1 : 1);

/** Of each subject so many as its share says, in an order in which any beginning is a sample too. */
function sample() {
  const drawn = subjects.flatMap((subject) => {
    const files = filesIn(subject.folder, ".ts").filter((file) => !subject.without?.test(file));
    return files
      .flatMap((file) => {
        const specs = specsOf(file, subject);
        return mutantsOf(file, read(file), subject).map((mutant) => ({
          ...mutant,
          ...specs,
          subject,
        }));
      })
      .toSorted(byId)
      .slice(0, Math.round(count * subject.share));
  });
  return drawn.toSorted(byId);
}

const explained = JSON.parse(read("spec/mutants/equivalent.json"));
/** Of lines that read alike, a row is of all, or of the one that its `nth` names. */
const reasonOf = ({ file, was, becomes, nth }) =>
  explained.find(
    (one) =>
      one.file === file &&
      one.was === was &&
      one.becomes === becomes &&
      (one.nth === undefined || one.nth === nth),
  )?.why;

const isIn = ({ file, line }, place) =>
  /:\d+$/.test(place) ? place === `${file}:${line}` : file.startsWith(place);
const wanted = sample().filter(
  (mutant) => positionals.length === 0 || positionals.some((place) => isIn(mutant, place)),
);
if (options.list) {
  for (const { file, line, kind, was, becomes } of wanted)
    console.log(`${file}:${line} ${kind}\n  - ${was}\n  + ${becomes}`);
  process.exit();
}

for (const { specs } of wanted) specs.forEach(hashOf);

/** Asks the type checker about all that nothing is known of: it takes seconds for many of them. */
function checkTypes() {
  const isNew = ({ file, text, subject }) => !subject.build && !verdicts.has(sha256(file, text));
  const mutants = wanted.filter((mutant) => isNew(mutant) && !reasonOf(mutant));
  if (mutants.length === 0) return;
  const folder = copyOf(root);
  const refused = refusedByTypes(folder, mutants);
  for (const mutant of mutants) {
    const by = refused.get(mutant);
    const state = by === undefined ? "typed" : "refused";
    verdicts.set(sha256(mutant.file, mutant.text), { state, by }, []);
  }
  rmSync(folder, { recursive: true, force: true });
}
checkTypes();
const lanes = openLanes(root, Number(options.lanes));
const show = ({ file, line, was, becomes }) => `${file}:${line}\n  - ${was}\n  + ${becomes}`;

/** How many of a folder's mutants a spec has noticed. */
const kills = new Map();
const killsOf = (file, spec) => kills.get(`${dirname(file)} ${spec}`) ?? 0;
const countKill = (file, spec) => kills.set(`${dirname(file)} ${spec}`, killsOf(file, spec) + 1);

/**
 * The specs to be tried, no more than --most: the one that noticed it before, then those that are likely
 * to notice for their time: near ones, and those that notice the folder's other mutants.
 */
function inTurn({ file, specs, far }, passed, killer) {
  const worth = (spec) => (costOf(spec) * far.get(spec)) / (1 + killsOf(file, spec));
  const waiting = (options.on ?? specs).filter((spec) => !passed.includes(spec));
  if (options.on) return waiting;
  const rank = new Map(waiting.map((spec) => [spec, spec === killer ? 0 : worth(spec)]));
  let left = most;
  return waiting
    .toSorted((a, b) => rank.get(a) - rank.get(b))
    .filter((spec, i) => {
      left -= costOf(spec);
      return left >= 0 || i === 0;
    });
}

for (const { file, text, id } of wanted) {
  const killer = verdicts.killer(sha256(file, text), id);
  if (killer) countKill(file, killer);
}

let done = 0;
const results = await lanes.each(wanted, async (mutant, lane) => {
  const key = sha256(mutant.file, mutant.text);
  const why = reasonOf(mutant);
  const passed = verdicts.passed(key);
  const killer = verdicts.killer(key, mutant.id);
  const specs = inTurn(mutant, passed, killer);
  const known = why ? { state: "equivalent", by: why } : verdicts.get(key, [...passed, ...specs]);
  const laws = killer || options.on ? [] : lawsOf(mutant).filter((spec) => !passed.includes(spec));
  const verdict = known ?? (await lane.attempt({ ...mutant, specs, laws, name: opOf(mutant) }));
  times.hear(verdict.seconds);
  if (verdict.spec) countKill(mutant.file, verdict.spec);
  if (!known && verdict.state !== "crashed") {
    const { state, by, spec } = verdict;
    const seen = state === "survived" ? [...passed, ...specs] : spec ? [spec] : [];
    verdicts.set(key, { state, by, id: mutant.id }, seen);
  }
  done++;
  if (!["killed", "refused"].includes(verdict.state) && !why)
    console.log(
      `${done}/${wanted.length} ${verdict.state} ${show(mutant)}${verdict.state === "survived" ? "" : `\n  ${verdict.by}`}`,
    );
  else if (done % 20 === 0) console.log(`${done}/${wanted.length}`);
  return { ...mutant, ...verdict };
});
lanes.close();

const inState = (state) => results.filter((result) => result.state === state);
const [killed, survived] = [inState("killed"), inState("survived")];
for (const { folder } of subjects) {
  const those = (list) => list.filter(({ file }) => file.startsWith(folder)).length;
  if (those(results) > 0)
    console.log(`${folder}: ${those(killed)} of ${those(killed) + those(survived)} died`);
}
const others = ["equivalent", "refused", "crashed"]
  .map((state) => `${inState(state).length} ${state}`)
  .join(", ");
const rate = ((100 * killed.length) / (killed.length + survived.length)).toFixed(1);
console.log(
  `${killed.length} of ${killed.length + survived.length} mutants died (${rate} %); ${others}`,
);
process.exitCode = survived.length > 0 ? 1 : 0;
