import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as arbitraries from "../src/arbitraries/index.ts";
import * as experiment from "../src/experiment/index.ts";
import * as finetune from "../src/finetune/index.ts";
import * as anchorgrad from "../src/index.ts";
import * as tasks from "../src/tasks/index.ts";
import { byteLevelJson } from "./text/tiny.ts";

const { adamw, createEngine, ids, lora, nn, ops, random, tensor, transformer } = anchorgrad;
const { countdown, finalAnswer, ifeval, igsm, medcalc } = tasks;

/** An option's value whatever its type: what a program in JavaScript may pass. */
// biome-ignore lint/suspicious/noExplicitAny: types would refuse what is to be refused here
type Anything = any;

let engine: anchorgrad.Engine;
const folder = mkdtempSync(join(tmpdir(), "options-"));
beforeAll(async () => {
  engine = await createEngine({ backend: "reference" });
});
afterAll(() => engine.close());

const key = random.key(1);
const logits = tensor([[1, 2, 3]]);
const labels = ids([1]);
const model = transformer({ vocabSize: 8, contextLength: 8, layers: 1, heads: 1, width: 4 });
const params = model.init(key);
const example = { prompt: [1], response: [2] };
const training = {
  ...{ model, base: params, data: [example], method: "sft", epochs: 1, batchSize: 1, key },
  learningRate: 1e-3,
};
const steps = { loss: () => ops.sum(logits), optimizer: adamw({ learningRate: 1 }), params: {} };
const triple = { snapshotLogits: logits, referenceLogits: logits, nextLogits: logits, alpha: 0.5 };
const speakers = { base: { model, params }, sft: { model, params } };
const tokenizer = anchorgrad.loadTokenizer({ tokenizerJson: byteLevelJson() });
const chatTemplateJinja = "{{ messages[0].content }}";
const heads = tensor(new Float32Array(4), [1, 1, 2, 2]);
const range = { slots: ids([[0, 1]]), positions: ids([[0, 1]]) };
const game = { numbers: [1, 2], target: 3, text: "\\boxed{1+2}" };
const problem = igsm.generate(key, { op: 2 });
const row = { key: 1, prompt: "", response: "a", instruction_id_list: [], kwargs: [] };
const rows = [{ kind: "text", place: "1", text: "a" }] as const;
const loaded = {} as Anything;

const first = async (run: AsyncIterable<unknown>): Promise<unknown> => {
  for await (const event of run) return event;
  return undefined;
};

/** Each public function with options, called with these besides what it needs. */
const withOptions: Readonly<Record<string, (more: Anything) => unknown>> = {
  adamw: (more) => adamw({ learningRate: 1, ...more }),
  "anchored.allowedLosses": (more) => anchorgrad.anchored.allowedLosses(9, { risk: 0.5, ...more }),
  "anchored.auditSteps": (more) => anchorgrad.anchored.auditSteps([1], 9, { risk: 0.5, ...more }),
  "anchored.certifiedWeight": (more) =>
    anchorgrad.anchored.certifiedWeight([1, 1, 1, 1, 1], { risk: 0.5, ...more }),
  "anchored.promptsNeeded": (more) => anchorgrad.anchored.promptsNeeded({ risk: 0.5, ...more }),
  "anchored.anchoredLoss": (more) =>
    anchorgrad.anchoredLoss({
      ...{ logits, snapshotLogits: logits, referenceLogits: logits, alpha: 0.5 },
      ...more,
    }),
  "anchored.certificate": (more) => anchorgrad.certificate({ ...triple, ...more }),
  "anchored.checkCertificate": (more) =>
    anchorgrad.anchored.checkCertificate(anchorgrad.certificate(triple), more),
  "anchored.collate": (more) => anchorgrad.anchored.collate([example], more),
  "anchored.fineTune": (more) => first(anchorgrad.fineTune(engine, { ...training, ...more })),
  "anchored.dareMerge": (more) =>
    anchorgrad.anchored.dareMerge({}, {}, { weight: 1, key, ...more }),
  "anchored.fisherDiagonal": (more) =>
    anchorgrad.anchored.fisherDiagonal(engine, { model, params, data: [example], key, ...more }),
  "anchored.frozenAnchorLoss": (more) =>
    anchorgrad.anchored.frozenAnchorLoss({ logits, anchorLogProbs: logits, ...more }),
  "anchored.ownAnswers": (more) =>
    anchorgrad.anchored.ownAnswers(engine, {
      ...{ model, params, data: [example], key, isRight: () => true },
      ...more,
    }),
  "anchored.ownReplay": (more) =>
    anchorgrad.anchored.ownReplay(engine, { model, params, data: [example], key, ...more }),
  "anchored.ownTexts": (more) =>
    anchorgrad.anchored.ownTexts(engine, {
      ...{ model, params, start: [1], count: 1, maxNewTokens: 1, key },
      ...more,
    }),
  "anchored.planFineTune": (more) => anchorgrad.anchored.planFineTune({ ...training, ...more }),
  "anchored.tiesMerge": (more) => anchorgrad.anchored.tiesMerge({}, {}, { weight: 1, ...more }),
  "anchored.trainSteps": (more) =>
    first(anchorgrad.anchored.trainSteps(engine, { ...steps, batches: [], ...more })),
  "anchored.verdict": (more) => anchorgrad.anchored.verdict(anchorgrad.certificate(triple), more),
  chatTemplate: (more) => anchorgrad.chatTemplate({ chatTemplateJinja }, more),
  "chatTemplate, its files": (more) => anchorgrad.chatTemplate({ chatTemplateJinja, ...more }),
  "chat.render": (more) => anchorgrad.chatTemplate({ chatTemplateJinja })?.render([], more),
  checkGradient: (more) => anchorgrad.checkGradient(ops.sum, [logits], more),
  createEngine: (more) => createEngine({ backend: "reference", ...more }),
  crossEntropy: (more) => anchorgrad.crossEntropy(logits, labels, more),
  encodeRows: (more) => anchorgrad.encodeRows(rows, { tokenizer, ...more }),
  "engine.compile": (more) => engine.compile(() => logits, more),
  "experiment.processes": (more) =>
    experiment.processes({
      ...{ processes: 1, engine: {}, pretrained: folder, checkpointsOf: () => folder },
      ...more,
    }),
  "experiment.runSweep": (more) => first(experiment.runSweep([], {} as Anything, more)),
  experiment: (more) =>
    first(anchorgrad.experiment(engine, anchorgrad.smokeRecipe as Anything, more)),
  filesAtUrl: (more) => anchorgrad.filesAtUrl("http://127.0.0.1:9/", more),
  generate: (more) =>
    anchorgrad.generate(engine, { model, params, prompts: [[1]], maxNewTokens: 1, ...more }),
  klDivergence: (more) => anchorgrad.klDivergence(logits, logits, more),
  loadModel: (more) => anchorgrad.loadModel(folder, more),
  loadTokenizer: (more) => anchorgrad.loadTokenizer({ tokenizerJson: byteLevelJson(), ...more }),
  lora: (more) => lora({ rank: 1, ...more }),
  "nn.adapterConfigJson": (more) => nn.adapterConfigJson(lora({ rank: 1 }).config, more),
  "nn.rangeAttention": (more) => nn.rangeAttention(heads, heads, heads, range, more),
  "nn.rangeAttention, its range": (more) =>
    nn.rangeAttention(heads, heads, heads, { ...range, ...more }),
  "nn.biasedAttention": (more) => nn.biasedAttention(heads, heads, heads, tensor(0), more),
  "nn.summedCrossEntropy": (more) => nn.summedCrossEntropy(logits, labels, more),
  "ops.clamp": (more) => ops.clamp(logits, more),
  "ops.matmul": (more) => ops.matmul(logits, ops.transpose(logits, [1, 0]), more),
  "ops.max": (more) => ops.max(logits, more),
  "ops.mean": (more) => ops.mean(logits, more),
  "ops.std": (more) => ops.std(logits, more),
  "ops.sum": (more) => ops.sum(logits, more),
  "ops.variance": (more) => ops.variance(logits, more),
  lion: (more) => anchorgrad.lion({ learningRate: 1, ...more }),
  muon: (more) => anchorgrad.muon({ learningRate: 1, ...more }),
  sgd: (more) => anchorgrad.sgd({ learningRate: 1, ...more }),
  "random.normal": (more) => random.normal(key, [1], more),
  "random.uniform": (more) => random.uniform(key, [1], more),
  rowsOf: (more) => anchorgrad.rowsOf({ name: "a.jsonl", content: '{"text": "a"}' }, more),
  saveAdapter: (more) => anchorgrad.saveAdapter(folder, loaded, more),
  saveGguf: (more) => anchorgrad.saveGguf(join(folder, "m.gguf"), loaded, more),
  saveModel: (more) => anchorgrad.saveModel(folder, loaded, more),
  saveWeights: (more) => anchorgrad.saveWeights(folder, [], more),
  "schedules.warmupConstant": (more) =>
    anchorgrad.schedules.warmupConstant({ learningRate: 1, steps: 1, ...more }),
  "schedules.warmupCosine": (more) =>
    anchorgrad.schedules.warmupCosine({ learningRate: 1, steps: 1, ...more }),
  "schedules.warmupStableDecay": (more) =>
    anchorgrad.schedules.warmupStableDecay({ learningRate: 1, steps: 1, ...more }),
  "schedules.warmupLinear": (more) =>
    anchorgrad.schedules.warmupLinear({ learningRate: 1, steps: 1, ...more }),
  stored: (more) => anchorgrad.stored("bf16", new Uint16Array(1), [1], more),
  tensor: (more) => tensor([1], [1], more),
  toGguf: (more) => anchorgrad.toGguf(loaded, more),
  "tokenizer.decode": (more) => tokenizer.decode([1], more),
  "tokenizer.decoder": (more) => tokenizer.decoder(more),
  "tokenizer.encode": (more) => tokenizer.encode("a", more),
  "tokenizer.encodeWithOffsets": (more) => tokenizer.encodeWithOffsets("a", more),
  trainBpe: (more) => anchorgrad.trainBpe(["a"], { vocabulary: 300, ...more }),
  transformer: (more) => transformer({ ...model.config, ...more }),
  urlReader: (more) => anchorgrad.urlReader("http://127.0.0.1:9/", more),
  writeAdapter: (more) =>
    anchorgrad.writeAdapter(loaded, folder, { config: lora({ rank: 1 }).config, params: {} }, more),
  writeSafetensors: (more) =>
    anchorgrad.writeSafetensors(join(folder, "w.safetensors"), { tensors: { logits } }, more),
  "arbitraries.distributions": (more) => arbitraries.distributions(more),
  "arbitraries.logits": (more) => arbitraries.logits(more),
  "arbitraries.pairs": (more) => arbitraries.pairs(more),
  "arbitraries.triples": (more) => arbitraries.triples(more),
  "countdown.drawGame": (more) => countdown.drawGame(random.stream(key), more),
  "countdown.generate": (more) => countdown.generate(key, more),
  "countdown.miniCountdown": (more) => countdown.miniCountdown(more),
  "countdown.solve": (more) => countdown.solve([1, 2], 3, more),
  "countdown.verify": (more) => countdown.verify(game, more),
  "finalAnswer.extract": (more) => finalAnswer.extract("1", more),
  "finalAnswer.match": (more) => finalAnswer.match("1", "1", more),
  "ifeval.judge": (more) => ifeval.judge(row, more),
  "ifeval.miniIfeval": (more) => ifeval.miniIfeval(more),
  "ifeval.score": (more) => ifeval.score([row], more),
  "ifeval.verify": (more) =>
    ifeval.verify(
      { instructionId: "punctuation:no_comma", kwargs: {}, response: "a" } as const,
      more,
    ),
  "igsm.check": (more) => igsm.check(problem, problem.solutionText, { mode: "strict", ...more }),
  "igsm.generate": (more) => igsm.generate(key, more),
  "igsm.miniIgsm": (more) => igsm.miniIgsm(more),
  "igsm.reask": (more) => igsm.reask(key, igsm.generate(key, { op: 6 }), more),
  "igsm.solve": (more) => igsm.solve(problem, more),
  "medcalc.audit": (more) => medcalc.audit([], more),
  "medcalc.calculate": (more) =>
    medcalc.calculate(6, { weight: 70, height: 1.7 } as Anything, more),
  "medcalc.miniMedcalc": (more) => medcalc.miniMedcalc(more),
  "finetune.diagnose": (more) =>
    finetune.diagnose(engine, { ...speakers, data: [example], retain: [example], ...more }),
  "finetune.featuresOf": (more) => finetune.featuresOf({} as Anything, more),
  "finetune.recommend": (more) => finetune.recommend({} as Anything, more),
  "finetune.completeRecipe": (more) => finetune.completeRecipe({ model: "m", data: "d", ...more }),
  "finetune.runFinetune": (more) =>
    first(finetune.runFinetune({ recipe: { model: "m", data: "d" }, out: folder, ...more })),
};

/** What takes no options: positions, callbacks, records of data. */
const without = new Set(
  `accumulate applyUpdates blobReader bytesReader chain checkpoint clipByGlobalNorm configOf
  encodeGguf filesAt filesIn filesOf fromGguf full ggufConfig ggufName ggufTokenizer grad huggingFaceConfig
  huggingFaceName ids inParts mapTensors openSafetensors openWeights paramsFrom readAdapter readGguf readSafetensors rounded standIn
  stopGradient stopTokensOf tensorsFor valueAndGrad vjp wholeOf withAdapter writeGguf schedules.constant
  anchored.checkExamples anchored.effectiveWeight anchored.flipDivergence anchored.flipOf anchored.flipThreshold
  anchored.generalizedJensenShannon anchored.hasLinearBound anchored.interpolate
  anchored.interpolateWeights anchored.jeffreys anchored.jensenShannon anchored.kl
  anchored.objectiveLoss anchored.objectiveSum anchored.evaluateVector anchored.lossVectors anchored.projected
  anchored.sharpnessAware anchored.shuffledBatches anchored.squaredDistance anchored.weighted
  anchored.weightedSquaredDistance mofo
  anchored.squaredHellinger anchored.totalVariation anchored.upperRisk nn.adaptedModel nn.adapterConfigOf
  nn.adapterSquaredDistance nn.causalAttention nn.dropout nn.gelu nn.generationOptionsOf
  nn.interpolateAdapters nn.interpolateWithBase nn.layerNorm nn.linear nn.logSoftmax nn.loraOf
  nn.maskedMean nn.mse nn.rmsNorm nn.rope nn.ropeTables nn.sigmoid nn.softmax nn.storedTensors nn.swiglu
  nn.tokenCrossEntropy ops.abs ops.add ops.argmax ops.asTensor ops.broadcastTo ops.cast ops.concat ops.cos
  ops.div ops.exp ops.gather ops.less ops.log ops.maximum ops.minimum ops.mul ops.mulNoNan ops.neg
  ops.pad ops.reshape ops.scatterAdd ops.scatterRows ops.select ops.sin ops.slice ops.sqrt ops.square ops.sub
  ops.cumsum ops.equal ops.erf ops.greater ops.greaterEqual ops.lessEqual ops.notEqual ops.pow ops.relu ops.sign
  ops.split ops.stack ops.tanh ops.toFloat ops.topK ops.transpose ops.where random.fold random.integers random.key random.permutation
  random.split random.stream tree.entries tree.flatten tree.map tree.unflatten
  arbitraries.tinyModels countdown.conversation countdown.evaluate countdown.format
  countdown.parse countdown.question countdown.symbolsOf ifeval.detectLanguage ifeval.detokenize
  ifeval.join ifeval.readPrompts ifeval.readPunkt ifeval.readResponses ifeval.sentences
  ifeval.toPrompt ifeval.writeVerdicts igsm.answer igsm.conversation igsm.operations igsm.parse
  igsm.prompt igsm.values igsm.writeProblem igsm.writeSolution medcalc.accuracy
  medcalc.calculatorOf medcalc.describeAudit medcalc.describeProblem medcalc.readCsvRows
  medcalc.readLiteral medcalc.readRows medcalc.score medcalc.prompts.direct medcalc.prompts.oneShot
  medcalc.prompts.paper medcalc.prompts.zeroShot parseJsonl writeJsonl
  experiment.alphaFor experiment.checkRecipe experiment.createRun experiment.dataTables experiment.diagnose
  experiment.flippedAt experiment.openSweep experiment.planJobs experiment.readRuns experiment.reopenRun
  experiment.reportMarkdown experiment.reportPage experiment.requirementsOf experiment.suggest experiment.toCsv
  finetune.effectOf finetune.weightThatAdopts finetune.writeReport`.split(/\s+/),
);

/** The functions of a module and of the namespaces in it, each by all its names. */
function namesOf(module: object, prefix = "", found = new Map<unknown, string[]>()) {
  for (const [name, value] of Object.entries(module)) {
    const path = `${prefix}${name}`;
    if (typeof value === "function" && !/^[A-Z]/.test(name))
      found.set(value, [...(found.get(value) ?? []), path]);
    else if (value?.[Symbol.toStringTag] === "Module") namesOf(value, `${path}.`, found);
  }
  return found;
}

describe("options that nobody knows", () => {
  test("every public function stands in one of the tables", () => {
    const names = namesOf(anchorgrad);
    namesOf(tasks, "", names);
    namesOf(finetune, "finetune.", names);
    namesOf(experiment, "experiment.", names);
    namesOf(arbitraries, "arbitraries.", names);
    const stands = (name: string): boolean => Object.hasOwn(withOptions, name) || without.has(name);
    expect([...names.values()].filter((own) => !own.some(stands))).toEqual([]);
    expect(names.size).toBeGreaterThan(150);
  });

  test.each(Object.entries(withOptions))("%s refuses them by name", async (_, call) => {
    await expect((async () => call({ nosuch: 1 }))()).rejects.toThrow(/expected .*\bnosuch\b/);
  });

  /** Where options are an argument of their own. */
  const apart = Object.entries(withOptions).filter(([, call]) => !/\.\.\.more/.test(String(call)));
  test.each(apart)("%s refuses what is no options", async (_, call) => {
    await expect((async () => call(3))()).rejects.toThrow(/expected .*, got 3/);
  });
});
