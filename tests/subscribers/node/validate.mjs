// Holds a document (JSON on standard input) to the schema of AsyncAPI, and prints what is wrong.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import formats from "ajv-formats";

const { schemasWithoutId } = createRequire(import.meta.url)("@asyncapi/specs");
const document = JSON.parse(readFileSync(0));
const ajv = new Ajv({ strict: false, unicodeRegExp: false });
formats(ajv);
const valid = ajv.validate(schemasWithoutId[document.asyncapi], document);
console.log(valid ? "valid" : JSON.stringify(ajv.errors.slice(-5), null, 1));
