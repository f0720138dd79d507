import { markup, nothing, type Markup } from '../evidence/markup.ts';
import type { Visitor } from '../request/context.ts';
import { assetPath } from './assets.ts';

export interface PageFrame {
  title: string;
  visitor: Visitor | null;
  /** Event stream of the live script; absent on static pages. */
  streamPath?: string;
  /** Refresh interval of the live script without a stream. */
  refreshSeconds?: number;
  rehearsal?: boolean;
  /** Additional scripts. */
  scripts?: readonly string[];
  /** Message on top: result of the last form. */
  notice?: { text: string; tone: 'go' | 'no-go' } | undefined;
}

/** Frame of every page: skip link, signed-in person, `main`, and one live region for announcements. */
export function page(frame: PageFrame, content: Markup): Markup {
  const { title, visitor, streamPath, refreshSeconds, rehearsal, notice, scripts = [] } = frame;
  return markup`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · Tminus</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${assetPath('style.css')}" />
    <script type="module" src="${assetPath('live.js')}"></script>
    ${scripts.map((name) => markup`<script type="module" src="${assetPath(name)}"></script>`)}
  </head>
  <body ${streamPath ? markup`data-stream="${streamPath}"` : nothing} ${refreshSeconds ? markup`data-refresh-seconds="${refreshSeconds}"` : nothing}>
    <a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/"><span aria-hidden="true">T−</span> Tminus</a>
      ${visitor ? signedIn(visitor) : nothing}
    </header>
    ${rehearsal ? rehearsalNotice('Times below are virtual, not real.') : nothing}
    <main id="main" tabindex="-1">
      ${notice ? markup`<p class="notice ${notice.tone}" role="${notice.tone === 'go' ? 'status' : 'alert'}">${notice.text}</p>` : nothing}
      ${content}
    </main>
    <p id="announce" class="unseen" role="status"></p>
  </body>
</html>`;
}

/** @param clock which times are virtual */
export const rehearsalNotice = (clock: string): Markup =>
  markup`<aside class="rehearsal" aria-label="Rehearsal"><strong>Rehearsal on virtual time.</strong> ${clock}</aside>`;

function signedIn({ principal, session }: Visitor): Markup {
  return markup`<div class="who">
    <span>${principal.displayName} <span class="quiet">${principal.groups.join(', ')}</span></span>
    ${session ? signOutForm(session.csrf) : nothing}
  </div>`;
}

const signOutForm = (csrf: string): Markup =>
  markup`<form method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}" /><button class="plain">Sign out</button></form>`;
