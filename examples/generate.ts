/** Answers a question token by token, as the text comes: node generate.js my-model "hello" */
import { createEngine, generate, loadModel, random } from "anchorgrad";

const [folder = "my-model", question = "hello"] = process.argv.slice(2);

const engine = await createEngine();
const { model, params, tokenizer, chat, generation } = await loadModel(folder, { engine });
if (!tokenizer) throw new Error(`${folder}: expected a tokenizer.json`);
const messages = [{ role: "user", content: question }];
const { text } = chat?.render(messages, { addGenerationPrompt: true }) ?? { text: question };
const prompt = tokenizer.encode(text, { addSpecialTokens: !chat });

// Text that is whole: bytes of a character that is not finished yet wait for the rest.
const decoder = tokenizer.decoder({ skipSpecialTokens: true });
const [answer] = await generate(engine, {
  model,
  params,
  prompts: [prompt],
  maxNewTokens: 16,
  temperature: 0.7,
  topP: 0.9,
  key: random.key(0),
  stopTokens: generation.stopTokens,
  onToken: (token) => void process.stdout.write(decoder.push(token)),
});
console.log(`${decoder.end()}\n${answer?.length} tokens`);
await engine.close();
