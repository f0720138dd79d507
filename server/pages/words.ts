// Status words as people see them: word, symbol and colour together, so that none of them alone has to be told apart. The symbols are
// of blocks that common fonts draw as text; the media signs (pause, hourglass) are missing or coloured pictures in many.
import { markup, type Markup } from '../markup.ts';

/** Colour families of the stylesheet; the palette keeps apart under all common kinds of colour blindness. */
export type Tone = 'go' | 'hold' | 'no-go' | 'busy' | 'later';

interface Word {
  text: string;
  symbol: string;
  tone: Tone;
}

const words = {
  go: { text: 'go', symbol: '✔', tone: 'go' },
  hold: { text: 'hold', symbol: '‖', tone: 'hold' },
  'no-go': { text: 'no-go', symbol: '✖', tone: 'no-go' },
  pass: { text: 'pass', symbol: '✔', tone: 'go' },
  fail: { text: 'fail', symbol: '✖', tone: 'no-go' },
  inconclusive: { text: 'inconclusive', symbol: '?', tone: 'hold' },
  waived: { text: 'waived', symbol: '≈', tone: 'hold' },
  note: { text: 'note', symbol: 'i', tone: 'later' },
  later: { text: 'later', symbol: '·', tone: 'later' },
  running: { text: 'running', symbol: '▸', tone: 'busy' },
  waiting: { text: 'waiting for people', symbol: '◔', tone: 'hold' },
  done: { text: 'done', symbol: '✔', tone: 'go' },
  'failed-to-run': { text: 'could not run', symbol: '?', tone: 'hold' },
  approve: { text: 'go', symbol: '✔', tone: 'go' },
  reject: { text: 'no-go', symbol: '✖', tone: 'no-go' },
  opening: { text: 'opening', symbol: '▸', tone: 'busy' },
  counting: { text: 'counting', symbol: '▸', tone: 'busy' },
  holding: { text: 'on hold', symbol: '‖', tone: 'hold' },
  stopped: { text: 'stopped', symbol: '✖', tone: 'no-go' },
  undoing: { text: 'rolling back', symbol: '↩', tone: 'no-go' },
  ended: { text: 'over', symbol: '■', tone: 'later' },
  launched: { text: 'launched', symbol: '✔', tone: 'go' },
  'rolled-back': { text: 'rolled back', symbol: '↩', tone: 'no-go' },
  aborted: { text: 'aborted', symbol: '✖', tone: 'no-go' },
  refused: { text: 'refused', symbol: '✖', tone: 'no-go' },
  'undo-incomplete': { text: 'rollback incomplete', symbol: '!', tone: 'no-go' },
} as const satisfies Record<string, Word>;

export type StatusWord = keyof typeof words;

export const toneOf = (word: StatusWord): Tone => words[word].tone;
export const symbolOf = (word: StatusWord): string => words[word].symbol;
export const textOf = (word: StatusWord): string => words[word].text;

export function chip(word: StatusWord): Markup {
  const { text, symbol, tone } = words[word];
  return markup`<span class="chip ${tone}"><span class="symbol" aria-hidden="true">${symbol}</span> ${text}</span>`;
}
