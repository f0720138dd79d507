// Figures as the clauses of a cause tell them.

/** The total of `values`; 0 of none. */
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A statement or command, cut after 120 characters. */
export const quoted = (text: string): string => `"${text.length > 120 ? `${text.slice(0, 117)}...` : text}"`;
/** A share of 0-1 in per cent, to two digits. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
/** To three digits. */
export const milliseconds = (value: number): string => `${Number(value.toPrecision(3))} ms`;
/** To two digits. */
export const seconds = (value: number): string => `${Number(value.toPrecision(2))} s`;
