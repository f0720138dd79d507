// Files that may be missing: removed by prune or another process, or not created yet.
import { errorCode } from './errors.ts';

/** For `catch`: `instead` when the file or a parent folder does not exist; any other error is thrown. */
export function absent<T>(instead: T): (cause: unknown) => T {
  return (cause) => {
    if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR') return instead;
    throw cause;
  };
}
