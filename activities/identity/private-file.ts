import { statSync } from 'node:fs';

const OTHERS = 0o077;

/** Throws when other users of the machine can read or write a private key. */
export function assertPrivate(file: string): void {
  const mode = statSync(file).mode;
  if ((mode & OTHERS) === 0) return;
  throw new Error(`${file} has mode ${(mode & 0o777).toString(8)}, so other users can read or change it; run: chmod 600 ${file}`);
}
