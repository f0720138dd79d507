// Reads the `debug=1` form: stacks with their counts, without states.
import type { Frame, GoroutineGroup, GoroutineTotals } from './goroutines.ts';
import { NOT_REPORTED, stateOf } from './waiting.ts';

const TITLE = /^goroutine(leak)? profile: total (\d+)$/;
const COUNT = /^(\d+) @( 0x[0-9a-f]+)*$/;
const FRAME = /^#\t0x[0-9a-f]+\t(\S+?)(?:\+0x[0-9a-f]+)?\s+(.+):(\d+)$/;

/** True when the text has this form. */
export const isCounted = (text: string): boolean => TITLE.test(text.slice(0, Math.max(0, text.indexOf('\n'))));

/** The groups in the order of the text, and the totals of its title. */
export function readCounted(text: string): { groups: GoroutineGroup[]; totals: Required<GoroutineTotals> } {
  const lines = text.split('\n');
  const leaked = lines[0]?.startsWith('goroutineleak') ?? false;
  const groups: GoroutineGroup[] = [];
  const problems: string[] = [];
  let group: GoroutineGroup | null = null;
  let stack: Frame[] = [];
  const close = (): void => {
    if (group) groups.push({ ...group, stack, state: stateOf(stack, NOT_REPORTED) });
    group = null;
    stack = [];
  };
  lines.forEach((line, index) => {
    if (index === 0) return;
    if (line === '') return close();
    const count = COUNT.exec(line);
    if (count) {
      close();
      group = { state: '', stack, creator: null, count: Number(count[1]), leaked, waitMinutes: 0 };
      return;
    }
    const frame = FRAME.exec(line);
    if (frame) stack.push({ function: frame[1] as string, file: (frame[2] as string).trim(), line: Number(frame[3]) });
    else if (!line.startsWith('# labels:') && !line.startsWith('#\t0x'))
      problems.push(`unexpected text on line ${index + 1}: ${JSON.stringify(line.slice(0, 80))}`);
  });
  close();
  const total = Number(TITLE.exec(lines[0] ?? '')?.[2]);
  const counted = groups.reduce((sum, { count }) => sum + count, 0);
  if (counted !== total) problems.push(`the title counts ${total} goroutines, but the text lists ${counted}`);
  return { groups, totals: { total, problems, leakedOnly: leaked } };
}
