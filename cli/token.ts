// The API token. It comes from the environment or a private file, never from an option, which `ps` and the shell history would show.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';

const OTHERS_MAY_READ = 0o077;
const HINT = '`tminus dev` creates one; `tminus login` saves one that you were given';

/** The token of `--token-file`, else TMINUS_TOKEN, else the file in TMINUS_HOME. */
export function readToken(tokenFile: string | undefined): string {
  if (tokenFile !== undefined) return tokenIn(tokenFile, `no token in ${tokenFile}`);
  const given = process.env['TMINUS_TOKEN']?.trim();
  if (given) return given;
  const file = homeToken();
  return tokenIn(file, `no token: neither in TMINUS_TOKEN nor in ${file}`);
}

/** Token file of `tminus login`, the default of all verbs. */
export const homeToken = (): string => join(process.env['TMINUS_HOME'] ?? '.tminus', 'token');

/** The token in the file of an option. A missing file is wrong usage. */
export function tokenOfFile(file: string, option: string): string {
  if (!existsSync(file)) throw usageFailure(`${option}: ${file} not found`);
  return tokenIn(file, `no token in ${file}`);
}

/** The trimmed text. Throws CliFailure if it cannot be a token. `where`: its source, for the message. */
export function tokenOf(text: string, where: string): string {
  const token = text.trim();
  if (token === '' || /[^\x21-\x7e]/.test(token))
    throw new CliFailure('NotSignedIn', `the text in ${where} is not a token`, HINT, EXIT.notSignedIn);
  return token;
}

function tokenIn(file: string, missing: string): string {
  let text: string;
  try {
    // Windows has no such modes; there the user's folder is private.
    if (process.platform !== 'win32' && (statSync(file).mode & OTHERS_MAY_READ) !== 0) {
      throw new CliFailure('NotSignedIn', `others can read the token file ${file}`, `chmod 600 ${file}`, EXIT.notSignedIn);
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? missing
        : `the token file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new CliFailure('NotSignedIn', reason, HINT, EXIT.notSignedIn);
  }
  return tokenOf(text, file);
}
