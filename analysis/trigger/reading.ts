// What one sample shows of a condition.

/**
 * `holds`: the condition is true. `false`: it is not, and every part of the data was read. `undecided`: the data are complete and show neither.
 * `no-data`: data are missing, stale or partial; never counted as false.
 */
export interface Reading {
  state: 'holds' | 'false' | 'undecided' | 'no-data';
  /** One line, measured value and limit. */
  message: string;
  /** The numbers of that line, by name with the unit last. */
  values: Record<string, number>;
}

export const noData = (message: string): Reading => ({ state: 'no-data', message, values: {} });
