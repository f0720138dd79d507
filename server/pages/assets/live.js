// Updates an open page and keeps focus and forms in use. Pages work without this script too.
'use strict';

const stream = document.body.dataset.stream;
if (stream) follow(stream);
const refreshSeconds = Number(document.body.dataset.refreshSeconds ?? 0);
if (refreshSeconds > 0) lookAgain(refreshSeconds);
tick();

// Over HTTP/1.1 a browser opens at most six connections per server for all tabs; a seventh page would hang. So only the visible tab
// listens, and a tab that becomes visible again refreshes first.
function follow(path) {
  let events = null;
  const listen = () => {
    events = new EventSource(path);
    let first = true;
    events.addEventListener('status', () => {
      // The first message has the state that the page already shows.
      if (!first) void refresh();
      first = false;
    });
    events.addEventListener('failure', (event) => announce(JSON.parse(event.data).message));
  };
  document.addEventListener('visibilitychange', () => {
    events?.close();
    events = null;
    if (document.hidden) return;
    void refresh();
    listen();
  });
  if (!document.hidden) listen();
}

// Only while visible, and at once when it becomes visible again.
function lookAgain(seconds) {
  setInterval(() => document.hidden || void refresh(), seconds * 1000);
  document.addEventListener('visibilitychange', () => document.hidden || void refresh());
}

async function refresh() {
  // If the server is down or requires a new sign-in, the page stays as it is.
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.title = next.title;
  for (const region of document.querySelectorAll('[data-live]')) {
    const fresh = next.getElementById(region.id);
    if (!fresh || sameContent(region, fresh)) continue;
    if (inUse(region)) tellOutdated(region, fresh);
    else replace(region, fresh);
  }
}

// Action ids differ in every rendering; any other difference is a change.
function sameContent(region, fresh) {
  const text = (element) =>
    element.innerHTML.replaceAll(/name="id" value="[^"]*"|(?:reason|until)-[0-9a-f-]{36}/g, '').replaceAll(/ open=""/g, '');
  return text(region) === text(fresh);
}

function inUse(region) {
  // The draft of a refused action also counts as input of the person.
  const typed = [...region.querySelectorAll('textarea')].some(
    (field) => field.value !== field.defaultValue || ('draft' in field.dataset && field.value !== ''),
  );
  return typed || (region.contains(document.activeElement) && document.activeElement.closest('form') !== null);
}

function tellOutdated(region, fresh) {
  if (region.dataset.revision === fresh.dataset.revision || region.querySelector('.outdated')) return;
  const note = document.createElement('p');
  note.className = 'notice no-go outdated';
  const link = document.createElement('a');
  link.href = location.href;
  link.textContent = 'Reload to decide on the current evidence';
  note.append('The evidence has changed since you began. ', link, '.');
  region.prepend(note);
  announce('The evidence has changed since you began.');
}

function replace(region, fresh) {
  const spoken = region.querySelector('[data-announce]')?.textContent;
  const focused = region.contains(document.activeElement) ? pathTo(region, document.activeElement) : null;
  const open = new Map([...region.querySelectorAll('details[id]')].map((details) => [details.id, details.open]));
  fresh.querySelectorAll('details[id]').forEach((details) => {
    if (open.has(details.id)) details.open = open.get(details.id);
  });
  const adopted = document.adoptNode(fresh);
  region.replaceWith(adopted);
  if (focused) elementAt(adopted, focused)?.focus({ preventScroll: true });
  const announcement = adopted.querySelector('[data-announce]')?.textContent;
  if (announcement && announcement !== spoken) announce(announcement);
}

function pathTo(root, element) {
  const path = [];
  for (let at = element; at !== root && at.parentElement; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
  return path;
}

function elementAt(root, path) {
  return path.reduce((at, index) => at?.children[index], root);
}

function announce(text) {
  document.getElementById('announce').textContent = text;
}

// The clock is not a live region: it would announce every second.
function tick() {
  setInterval(() => {
    for (const clock of document.querySelectorAll('[data-launch]')) {
      // As `clock` of verdict/wording writes it.
      const leftMs = Date.parse(clock.dataset.launch) - Date.now();
      const seconds = Math.floor(Math.abs(leftMs) / 1000);
      const two = (value) => String(Math.floor(value)).padStart(2, '0');
      clock.textContent = `T${leftMs >= 0 ? '-' : '+'}${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
    }
  }, 1000);
}
