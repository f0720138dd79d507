// Status as word, symbol and colour. Symbols are ASCII if the locale is not UTF-8; colours follow NO_COLOR and the stream.
import { styleText } from 'node:util';
import type { ApprovalStatus } from '../../verdict/countdown-status.ts';
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

/** States that only the tree of `status` has. */
const treeStates: Record<string, Tone> = { 'not run': 'later', 'not reached': 'later' };

const isStatusWord = (word: string): word is StatusWord => Object.hasOwn(statusWords, word);

/** The same word as on the page. */
export const textOf = (word: string): string => (isStatusWord(word) ? statusWords[word].text : word);
const toneOf = (word: string): Tone => (isStatusWord(word) ? toneOfWord[statusWords[word].tone] : (treeStates[word] ?? 'plain'));

export interface Style {
  ascii: boolean;
  /** Stream that decides on colours; null: no colours. */
  stream: NodeJS.WriteStream | null;
}

export const PLAIN: Style = { ascii: false, stream: null };

/** ASCII with `--ascii` or a locale that is not UTF-8. */
export function styleOf(ascii: boolean, stream: NodeJS.WriteStream | null = process.stdout): Style {
  const locale = process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || '';
  return { ascii: ascii || !/utf-?8/i.test(locale), stream };
}

export function mark(tone: Tone, { ascii }: Style): string {
  return symbols[tone][ascii ? 1 : 0];
}

/** Symbol and word, coloured. */
export function statusLabel(word: string, style: Style): string {
  const tone = toneOf(word);
  return paint(`${mark(tone, style)} ${textOf(word)}`, tone, style);
}

/** Name of a person in an approval. */
export const personName = ({ principal, verified }: Pick<ApprovalStatus, 'principal' | 'verified'>): string =>
  `${principal.displayName}${verified ? '' : ' (unverified)'}`;

export function paint(text: string, tone: Tone, { stream }: Style): string {
  return stream && tone !== 'plain' ? styleText(colours[tone], text, { stream }) : text;
}

/** Pads by the visible width: colour codes have none. */
export function padded(word: string, width: number, style: Style): string {
  const plain = statusLabel(word, { ...style, stream: null });
  return `${statusLabel(word, style)}${' '.repeat(Math.max(1, width - plain.length))}`;
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

/** Replaces the symbols of the output by ASCII. Other characters, as in comments of people, stay. */
export function inAscii(text: string, { ascii }: Style): string {
  return ascii ? replacements.reduce((result, [from, to]) => result.replaceAll(from, to), text) : text;
}

export const legend = '✔ go, pass   ✖ no-go, fail   ⏸ hold, waiting for people, inconclusive, could not run   ▶ running   · later';
