// node shapes.mjs MODEL: the shapes of a model as JSON, for those who do not read JavaScript.
import { models } from "../models.mjs";

console.log(JSON.stringify(models[process.argv[2]]));
