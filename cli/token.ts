// Whose decisions these are. A secret comes from the environment or a private file, never from a flag that `ps` and shell history show.
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

/** Where `tminus login` keeps the token and every verb looks for it. */
export const homeToken = (): string => join(process.env['TMINUS_HOME'] ?? '.tminus', 'token');

/** The token in a file that an option names; one that is not there is a wrong option. */
export function tokenOfFile(file: string, option: string): string {
  if (!existsSync(file)) throw usageFailure(`${option}: ${file} not found`);
  return tokenIn(file, `no token in ${file}`);
}

/** Text that may be a token, without the space around it. */
export function tokenOf(text: string, where: string): string {
  const token = text.trim();
  if (token === '' || /[^\x21-\x7e]/.test(token))
    throw new CliFailure('NotSignedIn', `the text in ${where} is not a token`, HINT, EXIT.notSignedIn);
  return token;
}

function tokenIn(file: string, missing: string): string {
  let text: string;
  try {
    // Where there are no such modes (Windows), the folder of the user keeps others out.
    if (process.platform !== 'win32' && (statSync(file).mode & OTHERS_MAY_READ) !== 0) {
      throw new CliFailure('NotSignedIn', `others can read the token file ${file}`, `chmod 600 ${file}`, EXIT.notSignedIn);
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? missing
        : `the token file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new CliFailure('NotSignedIn', why, HINT, EXIT.notSignedIn);
  }
  return tokenOf(text, file);
}
