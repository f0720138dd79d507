// Writes the JSON Schemas and the reference pages that are made from release/'s schemas.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from '../release/schema/generated-files.ts';

const root = join(import.meta.dirname, '..');
for (const { path, text } of generatedFiles()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(path);
}
