// Writes every generated file: the JSON Schemas and the reference pages. With --check it writes nothing and fails on stale ones.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { analysisDocument } from '../cli/analyze/document.ts';
import { generatedFiles } from '../release/schema/generated-files.ts';
import { referencePages } from './reference-pages.ts';

const root = join(import.meta.dirname, '..');
const analysisSchema = {
  path: 'cli/analyze/analysis.v1alpha1.json',
  text: `${JSON.stringify(z.toJSONSchema(analysisDocument, { target: 'draft-7' }), null, 2)}\n`,
};
const files = [...generatedFiles(), analysisSchema, ...referencePages()];
if (process.argv.includes('--check')) {
  const stale = files.filter(({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);
  for (const { path } of stale) console.log(`${path} is stale: run scripts/generate-schema and commit it`);
  console.log(`${files.length - stale.length} of ${files.length} generated files are fresh`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(path);
  }
}
