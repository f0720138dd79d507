import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeRows } from '../cli/exit-codes.ts';
import { createProgram } from '../cli/program.ts';
import { codes } from '../verdict/codes.ts';
import { referencePages } from './reference-pages.ts';

const textOf = (name: string): string => referencePages().find(({ path }) => path === `docs/reference/${name}.md`)?.text ?? '';

describe('the generated reference', () => {
  it.each(referencePages())('$path is as scripts/generate-schema makes it', ({ path, text }) => {
    expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(text);
  });

  it('describes each verb that help shows, and no hidden one', () => {
    const shown = createProgram()
      .commands.flatMap((verb) => (verb.commands.length > 0 ? verb.commands.map((below) => `${verb.name()} ${below.name()}`) : verb.name()))
      .filter((name) => !name.startsWith('_'));
    expect(textOf('cli').match(/^## tminus .*$/gm)).toEqual(shown.map((name) => `## tminus ${name}`));
  });

  it('has the examples of each verb that has some in its help', () => {
    const examples = [
      'verify go-api-1.4.0',
      'prune --older-than 90d --dry-run',
      'leftovers --json',
      'doctor shop.yaml',
      'validate release.yaml',
    ];
    for (const example of examples) expect(textOf('cli')).toContain(`\n  tminus ${example}`);
  });

  it('names each finding code and each exit code once', () => {
    for (const code of Object.keys(codes)) expect(textOf('findings').split(`| \`${code}\` |`)).toHaveLength(2);
    for (const [code] of exitCodeRows) expect(textOf('exit-codes').split(`| \`${code}\` |`)).toHaveLength(2);
  });
});
