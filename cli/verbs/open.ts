import type { Command } from 'commander';
import { countdownPath, serverUrl } from '../api.ts';
import { COUNTDOWN, examplesText, type Examples } from '../help.ts';
import { API_VERSION, formatOf, hint, print } from '../output.ts';

const EXAMPLES: Examples = [
  ['open the page in the browser', 'tminus open go-api-1.4.0'],
  ['only print its address', 'tminus open go-api-1.4.0 --print'],
  ['the page on another server', 'tminus --server https://tminus.example.com open go-api-1.4.0'],
];

export function openCommand(program: Command): void {
  program
    .command('open')
    .description('Print the address of a countdown page, and open it in the browser')
    .argument(...COUNTDOWN)
    .option('--print', 'only print the address (default without a terminal or a display)', false)
    .addHelpText('after', examplesText(EXAMPLES))
    .action(async (countdown: string, { print: only }: { print: boolean }, command: Command) => {
      const page = `${serverUrl(command)}${countdownPath(countdown).replace('/api/v1/countdowns/', '/r/')}`;
      print(command, { apiVersion: API_VERSION, kind: 'Link', page }, (shown) => shown.page);
      if (only || formatOf(command) !== 'text' || !process.stdout.isTTY || !hasDisplay(process.platform, process.env)) return;
      // Loaded here: no other verb needs it.
      const { default: openBrowser } = await import('open');
      await openBrowser(page).catch((error: Error) => hint(command, `the browser did not start: ${error.message}`));
    });
}

/** Without a display, xdg-open would start a text browser in the background. */
export const hasDisplay = (platform: NodeJS.Platform, env: NodeJS.ProcessEnv): boolean =>
  platform === 'darwin' ||
  platform === 'win32' ||
  [env['DISPLAY'], env['WAYLAND_DISPLAY'], env['WSL_DISTRO_NAME']].some((value) => value !== undefined && value !== '');
