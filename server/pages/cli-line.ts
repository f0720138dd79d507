import { markup, type Markup } from '../markup.ts';

/** The same act as a command, to copy into a terminal or a chat. */
export function cliLine(command: string): Markup {
  return markup`<p class="cli"><code>${command}</code></p>`;
}
