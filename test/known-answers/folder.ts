// Known answers: data with expected answers that none of us wrote the code for. It lies outside the project and is never copied into it.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.env['KNOWN_ANSWERS'] ?? join(import.meta.dirname, '../../../shared/known-answers'));

/** Where an area's data lies. */
export const knownFile = (area: string, ...path: string[]): string => join(folder, area, ...path);
export const knownBytes = (area: string, ...path: string[]): Uint8Array => readFileSync(knownFile(area, ...path));
export const knownText = (area: string, ...path: string[]): string => readFileSync(knownFile(area, ...path), 'utf8');

/** The area's `expected.json`. */
export const expected = (area: string): unknown => JSON.parse(knownText(area, 'expected.json')) as unknown;

/** `describe` for an area; without the data it is skipped, and its title says why. */
export function describeKnown(area: string, suite: () => void): void {
  if (existsSync(knownFile(area))) describe(`known answers: ${area}`, suite);
  else
    describe.skip(`known answers: ${area} (skipped: no folder of known answers; set KNOWN_ANSWERS to one)`, () =>
      it('is not here', () => undefined));
}
