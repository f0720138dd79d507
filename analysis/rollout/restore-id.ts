// A restore is an operation of its own, and its id names the operation that it restores.

const SUFFIX = '#restore';

/** The id under which the operation with this id is restored. */
export const restoreIdOf = (operation: string): string => `${operation}${SUFFIX}`;

/** True for the id of a restore. */
export const isRestoreId = (operation: string): boolean => operation.endsWith(SUFFIX);
