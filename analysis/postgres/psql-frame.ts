// psql draws a frame around a plan: header, borders, marks for continued values, and a row count.

const RULE = /^[\s─-╿+|=-]+$/u;
const COUNT = /^\(\d+ rows?\)$/u;
const LEFT = /^[|│║] ?/u;
const RIGHT = /\s*(?:[+↵¶])?\s*[|│║]?\s*$/u;

/** The text of a plan without psql's frame; text without a frame is unchanged. */
export function withoutFrame(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const header = lines.findIndex(
    (line) =>
      line
        .replace(LEFT, '')
        .replace(/[|│║]\s*$/u, '')
        .trim() === 'QUERY PLAN',
  );
  const body = header === -1 ? lines : lines.slice(header + 1);
  const boxed = body.some((line) => /^[│║|]/u.test(line));
  return body
    .filter((line) => line.trim() !== '' && !RULE.test(line) && !COUNT.test(line.trim()))
    .map((line) => (boxed ? line.replace(LEFT, '') : line))
    .map((line) => (header === -1 && !boxed ? line.trimEnd() : line.replace(RIGHT, '')))
    .join('\n');
}
