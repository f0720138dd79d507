// Values outside the environment file: in a variable or a file of the worker.
import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import type { SecretReference } from '../release/environment.ts';

/** Reads a secret, or a plain value. Errors name the variable or file, never the value. */
export async function readSecret(reference: SecretReference | { value: string }, environmentFolder: string): Promise<string> {
  if ('value' in reference) return reference.value;
  if ('file' in reference)
    return (await readFile(isAbsolute(reference.file) ? reference.file : resolve(environmentFolder, reference.file), 'utf8')).trim();
  const value = process.env[reference.env];
  if (value === undefined) throw new Error(`the environment variable ${reference.env} is not set`);
  return value;
}
