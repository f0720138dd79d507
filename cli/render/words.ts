// Status as word, symbol and colour. Symbols fall back to ASCII where the locale cannot show them; colour obeys NO_COLOR and the stream.
import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'hold' | 'busy' | 'later' | 'plain';

const symbols: Record<Tone, readonly [unicode: string, ascii: string]> = {
  good: ['✔', '[ok]'],
  bad: ['✖', '[FAIL]'],
  hold: ['⏸', '[hold]'],
  busy: ['▶', '[..]'],
  later: ['·', '[ ]'],
  plain: [' ', '   '],
};

const colours = { good: 'green', bad: 'red', hold: 'yellow', busy: 'cyan', later: 'gray', plain: 'white' } as const;

/** What every state of a step, checkpoint, finding or verdict looks like. */
export const toneOf: Record<string, Tone> = {
  go: 'good',
  pass: 'good',
  done: 'good',
  hold: 'hold',
  inconclusive: 'hold',
  waiting: 'hold',
  'no-go': 'bad',
  fail: 'bad',
  'failed-to-run': 'bad',
  running: 'busy',
  later: 'later',
};

export interface Look {
  ascii: boolean;
  stream: NodeJS.WriteStream | null;
}

/** How the terminal wants it: `--ascii` or a locale that is not UTF-8 asks for ASCII. */
export function lookOf(ascii: boolean, stream: NodeJS.WriteStream | null = process.stdout): Look {
  const locale = process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || '';
  return { ascii: ascii || !/utf-?8/i.test(locale), stream };
}

export function mark(tone: Tone, { ascii }: Look): string {
  return symbols[tone][ascii ? 1 : 0];
}

/** Symbol and word, coloured. */
export function said(word: string, look: Look, tone: Tone = toneOf[word] ?? 'plain'): string {
  return paint(`${mark(tone, look)} ${word}`, tone, look);
}

export function paint(text: string, tone: Tone, { stream }: Look): string {
  return stream ? styleText(colours[tone], text, { stream }) : text;
}

export const legend = '✔ go/pass  ✖ no-go/fail  ⏸ hold/waiting/inconclusive  ▶ running  · later';
