// A restore is an operation itself; its id contains the id of the operation that it restores.

const SUFFIX = '#restore';

/** The id of the restore of this operation. */
export const restoreIdOf = (operation: string): string => `${operation}${SUFFIX}`;

/** True for the id of a restore. */
export const isRestoreId = (operation: string): boolean => operation.endsWith(SUFFIX);
