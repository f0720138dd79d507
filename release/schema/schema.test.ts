import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { loadEnvironment, loadRelease } from '../load.ts';
import { releaseFileSchema } from '../release.ts';
import { generatedFiles } from './generated-files.ts';
import { schemas } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** What an editor would say of a file. */
const editorAccepts = (schemaPath: string, text: string): boolean => {
  const check = new Ajv({ strict: false }).compile(JSON.parse(read(schemaPath)) as object);
  return check(parse(text));
};

test.each(generatedFiles())('$path is as scripts/generate-schema makes it', ({ path, text }) => {
  expect(read(path)).toBe(text);
});

test('the example release and those in the reference are accepted by editors and by loadRelease', () => {
  for (const text of [read('docs/release-example.yaml'), yamlOf('docs/reference/release-file.md')]) {
    expect(loadRelease(text, 'r.yaml')).toMatchObject({ ok: true });
    expect(editorAccepts('release/schema/release.v1alpha1.json', text)).toBe(true);
  }
});

test('the environment in the reference is accepted by editors and by loadEnvironment', () => {
  const text = yamlOf('docs/reference/environment-file.md');
  expect(loadEnvironment(text, 'e.yaml')).toMatchObject({ ok: true });
  expect(editorAccepts('release/schema/environment.v1alpha1.json', text)).toBe(true);
});

test.each(['unknown-field', 'wrong-unit', 'missing-service', 'bad-time', 'wrong-kind'])('editors refuse the bad file %s too', (name) => {
  expect(editorAccepts('release/schema/release.v1alpha1.json', read(`release/bad-files/${name}.yaml`))).toBe(false);
});

test('a release with all fixed defaults written out is a release again, and the same one', () => {
  const loaded = loadRelease(read('docs/release-example.yaml'), 'r.yaml');
  const written = JSON.stringify(releaseFileSchema.parse(parse(read('docs/release-example.yaml'))));
  expect(editorAccepts('release/schema/release.v1alpha1.json', written)).toBe(true);
  expect(loadRelease(written, 'r.yaml')).toMatchObject({ ok: true, release: loaded.ok && loaded.release, warnings: [] });
});

test.each([
  ['release', schemas.release()],
  ['environment', schemas.environment()],
])('every field of a %s has a description', (_name, schema) => {
  expect(undescribed(schema, '')).toEqual([]);
});

test('editors are not shown words of our own', () => {
  expect(read('release/schema/release.v1alpha1.json')).not.toContain('defaultText');
});

function undescribed(schema: JsonSchema, path: string): string[] {
  const choices = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []).filter(({ type }) => type !== 'null')];
  const inner: [string, JsonSchema][] = [
    ...Object.entries(schema.properties ?? {}),
    ...choices.map((choice, index): [string, JsonSchema] => [`<${index}>`, choice]),
    ...(schema.items ? [['[]', schema.items] as [string, JsonSchema]] : []),
    ...(typeof schema.additionalProperties === 'object' ? [['<name>', schema.additionalProperties] as [string, JsonSchema]] : []),
  ];
  return [...(schema.description ? [] : [path]), ...inner.flatMap(([name, field]) => undescribed(field, `${path}.${name}`))];
}

/** The first YAML block of a page. */
function yamlOf(path: string): string {
  return /```yaml\n([\s\S]*?)```/.exec(read(path))?.[1] ?? '';
}
