import { expect, it } from '@jest/globals';
import { clipped, frame } from './live-screen.ts';

const screen = { columns: 20, rows: 10 };
const ESC = '\u001B';

it('writes the first frame below earlier output', () => {
  expect(frame('', 'one\ntwo', screen)).toBe('one\ntwo\n');
});

it('overwrites its own lines only, and never clears the screen', () => {
  expect(frame('one\ntwo\nthree', 'x', screen)).toBe(`${ESC}[3A\r${ESC}[0Jx\n`);
});

it('counts the rows of a wrapped line, without colour codes', () => {
  const long = 'x'.repeat(45);
  expect(frame(`${long}\ny`, 'z', screen)).toBe(`${ESC}[4A\r${ESC}[0Jz\n`);
  expect(frame(`${ESC}[32m${'x'.repeat(20)}${ESC}[39m`, 'z', screen)).toBe(`${ESC}[1A\r${ESC}[0Jz\n`);
});

it('clips a frame that is taller than the terminal', () => {
  const tall = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
  const cut = clipped(tall, screen).split('\n');
  expect(cut).toHaveLength(9);
  expect(cut.at(-1)).toBe('… 22 more lines: the terminal is too small');
  expect(clipped('short', screen)).toBe('short');
});
