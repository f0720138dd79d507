// Status as word, symbol and colour. Symbols fall back to ASCII where the locale cannot show them; colour obeys NO_COLOR and the stream.
import { styleText } from 'node:util';
import { statusWords, type StatusWord, type Tone as StatusTone } from '../../verdict/words.ts';

export type Tone = 'good' | 'bad' | 'hold' | 'busy' | 'later' | 'plain';

const symbols: Record<Tone, readonly [unicode: string, ascii: string]> = {
  good: ['✔', '[ok]'],
  bad: ['✖', '[FAIL]'],
  hold: ['⏸', '[hold]'],
  busy: ['▶', '[..]'],
  later: ['·', '[ ]'],
  plain: [' ', '   '],
};

const colours = { good: 'green', bad: 'red', hold: 'yellow', busy: 'cyan', later: 'gray' } as const;

const toneOfWord: Record<StatusTone, Tone> = { go: 'good', 'no-go': 'bad', hold: 'hold', busy: 'busy', later: 'later' };

/** States that only the tree of `status` tells. */
const own: Record<string, Tone> = { 'not run': 'later', 'not reached': 'later' };

const isStatusWord = (word: string): word is StatusWord => Object.hasOwn(statusWords, word);

/** As the page says it. */
export const textOf = (word: string): string => (isStatusWord(word) ? statusWords[word].text : word);
const toneOf = (word: string): Tone => (isStatusWord(word) ? toneOfWord[statusWords[word].tone] : (own[word] ?? 'plain'));

export interface Look {
  ascii: boolean;
  /** Where it will be read; null is plain text. */
  stream: NodeJS.WriteStream | null;
}

export const PLAIN: Look = { ascii: false, stream: null };

/** How the terminal wants it: `--ascii` or a locale that is not UTF-8 asks for ASCII. */
export function lookOf(ascii: boolean, stream: NodeJS.WriteStream | null = process.stdout): Look {
  const locale = process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || '';
  return { ascii: ascii || !/utf-?8/i.test(locale), stream };
}

export function mark(tone: Tone, { ascii }: Look): string {
  return symbols[tone][ascii ? 1 : 0];
}

/** Symbol and word, coloured. */
export function said(word: string, look: Look): string {
  const tone = toneOf(word);
  return paint(`${mark(tone, look)} ${textOf(word)}`, tone, look);
}

export function paint(text: string, tone: Tone, { stream }: Look): string {
  return stream && tone !== 'plain' ? styleText(colours[tone], text, { stream }) : text;
}

/** Pads by what stands on the screen; colour codes and the variation of symbols have no width there. */
export function padded(word: string, width: number, look: Look): string {
  const bare = said(word, { ...look, stream: null });
  return `${said(word, look)}${' '.repeat(Math.max(1, width - bare.length))}`;
}

const replacements: readonly (readonly [RegExp, string])[] = [
  [/≤/g, '<='],
  [/≥/g, '>='],
  [/→/g, '->'],
  [/…/g, '...'],
  [/·/g, '-'],
  [/▮/g, '#'],
  [/▯/g, '.'],
  [/├/g, '|-'],
  [/│/g, '| '],
  [/└/g, '`-'],
  [/[“”]/g, '"'],
  [/[‘’]/g, "'"],
];

/** Text for a terminal of ASCII only: our own signs are replaced; what people wrote themselves stays as it is. */
export function inAscii(text: string, { ascii }: Look): string {
  return ascii ? replacements.reduce((said, [from, to]) => said.replaceAll(from, to), text) : text;
}

export const legend = '✔ go, pass   ✖ no-go, fail   ⏸ hold, waiting for people, inconclusive, could not run   ▶ running   · later';
