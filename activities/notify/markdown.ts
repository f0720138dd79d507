// The markdown of WeCom and DingTalk. Neither documents an escape, so the signs that begin markup are replaced by their full-width forms.
import { withoutMassMentions, type ChatText } from './chat-text.ts';

/**
 * Removes from a line of plain text what would be a mention (`<@all>`), a tag, a link, an entity, emphasis, code, or a heading or quote at its
 * start. A `>` or `[5m]` inside a line stays as it is.
 */
function escapeMarkdown(text: string): string {
  return withoutMassMentions(text)
    .replace(/<|\*|`|&(?=#?\w+;)|\](?=\s*[([:])|^[#>]/gu, fullWidth)
    .replace(/^[-+](?=\s)/u, fullWidth);
}

/** Full-width forms stand at a fixed distance from ASCII (U+FF01 to U+FF5E). */
const fullWidth = (sign: string): string => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 0xfee0);

/** The lines of a message. */
export function markdownLines({ headline, message, facts, command, links }: ChatText): string[] {
  return [
    `**${escapeMarkdown(headline)}**`,
    ...message.split('\n').map(escapeMarkdown),
    ...facts.map(escapeMarkdown),
    ...(command === null ? [] : [escapeMarkdown(command)]),
    ...links.map(({ text, url }) => `[${text}](${url})`),
  ];
}
