// Status words on the page: word, symbol and colour together, so that none of them alone has to be told apart. The symbols are
// of blocks that common fonts draw as text; the media signs (pause, hourglass) are missing or coloured pictures in many.
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
