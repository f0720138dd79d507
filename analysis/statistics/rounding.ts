// Numbers in findings have nine significant digits, so that the same evidence gives the same bytes on every machine.

/** To nine significant digits; infinite and undefined values stay as they are. */
export const stable = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(9)) : value);
