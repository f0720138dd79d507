import { statSync } from 'node:fs';

const OTHERS = 0o077;

/** Refuses a file that holds identity but that other users of the machine may read or write. */
export function assertPrivate(file: string): void {
  const mode = statSync(file).mode;
  if ((mode & OTHERS) === 0) return;
  throw new Error(
    `${file} has mode ${(mode & 0o777).toString(8)}, so others on this machine can read or change it; run: chmod 600 ${file}`,
  );
}
