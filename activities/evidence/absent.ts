// Files that need not be there: prune, another process or a fresh folder leaves none.
import { errorCode } from './errors.ts';

/** For `catch`: `instead` where the file or a folder above it does not exist; any other error passes through. */
export function absent<T>(instead: T): (cause: unknown) => T {
  return (cause) => {
    if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR') return instead;
    throw cause;
  };
}
