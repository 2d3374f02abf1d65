// Greedy generation in a batch: with the key/value cache, and by reading the prefix again for each token.
import { createEngine, nn, ops, random, tensor } from "../dist/src/index.js";
import { measure, timeFor } from "./suite.mjs";
import { figure, table } from "./table.mjs";

/** The peers' M as a decoder of Llama's kind. */
const CONFIG = { vocabSize: 256, contextLength: 256, layers: 4, heads: 4, width: 128 };
const BATCH = 8;
const PROMPT = 8;
const LENGTH = CONFIG.contextLength;

export async function generate({ quick, threads }) {
  const engine = await createEngine({ backend: "wasm", threads });
  const model = nn.transformer(CONFIG);
  const params = engine.put(model.init(random.key(1)));
  const prompts = Array.from({ length: BATCH }, (_, b) => [
    ...random.integers(random.key(2 + b), [PROMPT], 0, CONFIG.vocabSize).data,
  ]);
  const options = { model, params, prompts, maxNewTokens: LENGTH - PROMPT };
  const cached = () => nn.generate(engine, options);
  const answers = await cached(); // compiles, too
  const sequences = prompts.map((prompt, b) => [...prompt, ...answers[b]]);

  const again = rereader(engine, model, params, sequences);
  const equal = await again.countEqual();
  const results = {
    ...(await measure({ cached }, timeFor(3, quick))),
    ...(await measure({ again: again.lastToken }, timeFor(2, quick))),
  };
  const news = LENGTH - PROMPT;
  const ms = (what) => [results.cached[what] / news, results.again[what]];
  const [wall, cpu] = [ms("median"), ms("cpu")];
  const rows = ["key/value cache", "prefix again"].map((name, i) => [
    name,
    ...[wall[i], cpu[i], (BATCH * 1000) / wall[i]].map(figure),
  ]);
  const head = [`${BATCH} sequences of ${LENGTH}`, `ms for ${BATCH} tokens`, "CPU ms", "tokens/s"];
  const ratio = ([fast, slow]) => `${(slow / fast).toFixed(1)} ×`;
  console.log(`${table(head, rows)}

${ratio(wall)} as fast as reading ${LENGTH} tokens again for each token (${ratio(cpu)} by CPU time); ${equal} of ${BATCH * news} tokens equal`);
  await engine.close();
  if (equal !== BATCH * news) throw new Error("generate: expected equal tokens");
}

/** What the model says to whole prefixes, without a cache. */
function rereader(engine, model, params, sequences) {
  const tokens = engine.put(tensor(Int32Array.from(sequences.flat()), [BATCH, LENGTH]));
  const last = tensor(new Int32Array(BATCH).fill(LENGTH - 1), [BATCH]);
  // Causality lets one pass answer for every prefix: each token must be what its prefix calls for.
  const everyToken = engine.compile((params, tokens) => ops.argmax(model.apply(params, tokens)));
  const nextToken = engine.compile((params, tokens, last) =>
    ops.argmax(model.prefill(params, tokens, last, LENGTH).logits),
  );
  return {
    async countEqual() {
      const said = await engine.read(await everyToken(params, tokens));
      return sequences.reduce((sum, sequence, b) => {
        const equal = sequence.filter(
          (token, t) => t >= PROMPT && said[b * LENGTH + t - 1] === token,
        );
        return sum + equal.length;
      }, 0);
    },
    async lastToken() {
      const next = await nextToken(params, tokens, last);
      await engine.read(next);
      engine.release(next);
    },
  };
}
