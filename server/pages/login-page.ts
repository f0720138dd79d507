import { markup, nothing, type Markup } from '../evidence/markup.ts';
import { page } from './layout.ts';

const inFolder = markup`With <code>tminus dev</code>, your token is in <code>.tminus/token</code>;`;
const whereTokensAre = markup`${inFolder} <code>tminus login</code> stores one for the command line.`;

export function loginPage(next: string, refusal: string | null): Markup {
  const invalid = refusal ? markup`aria-describedby="refusal" aria-invalid="true"` : nothing;
  return page(
    { title: 'Sign in', visitor: null },
    markup`<section class="card narrow">
      <h1>Sign in</h1>
      <p>Decisions carry a name. Paste the token you were given. ${whereTokensAre}</p>
      ${refusal ? markup`<p class="notice no-go" role="alert" id="refusal">${refusal}</p>` : nothing}
      <form method="post" action="/login" class="stack">
        <input type="hidden" name="next" value="${next}" />
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required autofocus ${invalid} />
        <button class="primary">Sign in</button>
      </form>
    </section>`,
  );
}
