// Figures as the clauses of a cause tell them.

/** The total of `values`; 0 of none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A statement or command, cut after 120 characters. */
export const quoted = (text: string): string => `"${text.length > 120 ? `${text.slice(0, 117)}...` : text}"`;
