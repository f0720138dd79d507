// Status words with symbol and colour: no state is shown by colour alone. Symbols are from Unicode blocks that common fonts have as text;
// pause and hourglass signs are missing or emoji in many.
import { statusWords, type StatusWord, type Tone } from '../../verdict/words.ts';
import { markup, type Markup } from '../evidence/markup.ts';

const symbols: Record<StatusWord, string> = {
  go: '✔',
  hold: '‖',
  'no-go': '✖',
  pass: '✔',
  fail: '✖',
  inconclusive: '?',
  waived: '≈',
  note: 'i',
  later: '·',
  running: '▸',
  waiting: '◔',
  done: '✔',
  'failed-to-run': '?',
  approve: '✔',
  reject: '✖',
  opening: '▸',
  counting: '▸',
  holding: '‖',
  stopped: '✖',
  undoing: '↩',
  ended: '■',
  launched: '✔',
  passed: '✔',
  'rolled-back': '↩',
  aborted: '✖',
  refused: '✖',
  'undo-incomplete': '!',
};

export const toneOf = (word: StatusWord): Tone => statusWords[word].tone;
export const symbolOf = (word: StatusWord): string => symbols[word];
export const textOf = (word: StatusWord): string => statusWords[word].text;

export function chip(word: StatusWord): Markup {
  const { text, tone } = statusWords[word];
  return markup`<span class="chip ${tone}"><span class="symbol" aria-hidden="true">${symbols[word]}</span> ${text}</span>`;
}
