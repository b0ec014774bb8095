// The folder picker. The kernel lists a folder when the person opens it; the picker shows the names, and sends the id of
// a line that it was given, never a path.

const OPEN_MARK = '›';

function crumbs(open) {
  const nav = make('nav', 'ssvm-crumbs');
  nav.setAttribute('aria-label', 'Folders above');
  /** Show the end of a path that is too long for its line. */
  function reveal() {
    nav.scrollLeft = nav.scrollWidth;
  }
  return {
    nav,
    show(listing) {
      const parts = listing.above.map(({ id, name }) => {
        const button = make('button', 'ssvm-crumb', text(name));
        button.setAttribute(SUPPRESS_SHORTCUTS, 'true');
        button.addEventListener('click', () => open(id));
        return button;
      });
      const here = make('span', 'ssvm-crumb ssvm-here', text(listing.name));
      here.setAttribute('aria-current', 'location');
      const marks = [...parts, here].flatMap((part, index) => {
        const mark = make('span', 'ssvm-mark', OPEN_MARK);
        mark.setAttribute('aria-hidden', 'true');
        return index ? [mark, part] : [part];
      });
      nav.replaceChildren(...marks);
      reveal();
    },
    reveal,
  };
}

function row(folder, uid, index) {
  const name = make('span', 'ssvm-folder-name', index ? text(folder.name) : 'This folder');
  const line = make('li', 'ssvm-folder', name);
  if (folder.link) line.append(make('span', 'ssvm-aside', 'link to ', text(folder.path)));
  if (folder.refused.every(Boolean)) {
    line.setAttribute('aria-disabled', 'true');
    line.append(make('span', 'ssvm-aside', 'cannot be granted'));
  }
  line.id = `${uid}-${index}`;
  line.setAttribute('role', 'option');
  line.setAttribute('aria-selected', 'false');
  if (index) {
    const mark = make('span', 'ssvm-open', OPEN_MARK);
    mark.setAttribute('aria-hidden', 'true');
    line.append(mark);
  }
  return line;
}

/** The list of one folder's folders; `chosen(folder)` is told what is selected, `open(id)` what is to be shown. */
function folderList(uid, chosen, open) {
  const list = make('ul', 'ssvm-folders');
  list.setAttribute('role', 'listbox');
  list.tabIndex = 0;
  list.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  let folders = [];
  let rows = [];
  let current = -1;
  let parent = null;
  let typed = '';
  let typedAt = 0;

  function select(index) {
    if (index < 0 || index >= rows.length) return;
    rows[current]?.setAttribute('aria-selected', 'false');
    current = index;
    rows[index].setAttribute('aria-selected', 'true');
    rows[index].scrollIntoView({ block: 'nearest' });
    list.setAttribute('aria-activedescendant', rows[index].id);
    chosen(folders[index]);
  }
  const enter = (index) => index > 0 && open(folders[index].id);
  function find(key) {
    typed = performance.now() - typedAt < 700 ? typed + key : key;
    typedAt = performance.now();
    const wanted = typed.toLowerCase();
    select(folders.findIndex((folder, index) => index > 0 && folder.name.toLowerCase().startsWith(wanted)));
  }
  const keys = {
    ArrowDown: () => select(Math.min(current + 1, rows.length - 1)),
    ArrowUp: () => select(Math.max(current - 1, 0)),
    Home: () => select(0),
    End: () => select(rows.length - 1),
    ArrowRight: () => enter(current),
    Enter: () => enter(current),
    ArrowLeft: () => parent && open(parent),
    Backspace: () => parent && open(parent),
  };
  list.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys[event.key] ?? (event.key.length === 1 && event.key !== ' ' ? () => find(event.key) : null);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
  const rowOf = (event) => rows.indexOf(event.target.closest('.ssvm-folder'));
  list.addEventListener('click', (event) => {
    const index = rowOf(event);
    if (event.target.closest('.ssvm-open')) enter(index);
    else select(index);
  });
  list.addEventListener('dblclick', (event) => enter(rowOf(event)));

  return {
    list,
    show(listing) {
      folders = listing.folders;
      parent = listing.above.at(-1)?.id ?? null;
      rows = folders.map((folder, index) => row(folder, uid, index));
      current = -1;
      list.replaceChildren(...rows);
      list.scrollTop = 0;
      list.removeAttribute('aria-activedescendant');
      list.setAttribute('aria-label', `Folders in ${listing.folders[0].path}`);
      const note = listing.trouble || (listing.complete ? '' : 'There are more folders than can be shown.');
      if (note || rows.length === 1) {
        const line = make('li', 'ssvm-aside', note ? text(note) : 'There are no folders in it.');
        line.setAttribute('role', 'presentation');
        list.append(line);
      }
      if (document.activeElement === list) select(0);
    },
  };
}

function nameField(uid, changed) {
  const input = make('input', 'ssvm-name');
  Object.assign(input, { type: 'text', id: `${uid}-name`, maxLength: 255, spellcheck: false, autocomplete: 'off' });
  input.setAttribute(SUPPRESS_SHORTCUTS, 'true');
  let own = false; // the person has written a name: it is kept when another folder is chosen
  input.addEventListener('input', () => {
    own = input.value !== '';
    changed();
  });
  const label = make('label', '', 'Guest sees it as');
  label.htmlFor = input.id;
  return {
    label,
    input,
    suggest(name) {
      if (!own) input.value = name;
    },
  };
}

function render({ model, el }) {
  const data = model.get('picker');
  const uid = `ssvm-picker-${Math.random().toString(36).slice(2)}`; // names elements apart; not a secret
  const ids = { title: `${uid}-title`, who: `${uid}-who`, grants: `${uid}-grants` };
  let folder = null; // what is selected
  let busy = false; // a listing is under way
  let answered = false;

  const send = (message) => model.send({ id: data.id, nonce: data.nonce, ...message });
  const deny = make('button', 'ssvm-button ssvm-deny', 'No folder');
  const allow = make('button', 'ssvm-button ssvm-allow');
  const status = make('span', 'ssvm-status');
  status.setAttribute('role', 'status');
  const actions = make('div', 'ssvm-actions', deny, allow, status);

  const path = crumbs(open);
  const list = folderList(uid, choose, open);
  const name = nameField(uid, relabel);
  const access = radios('Guest may', `${uid}-access`, [['read', 'Read'], ['read and write', 'Read and write']], relabel);
  const chosen = make('dd', '');
  const warning = make('div', 'ssvm-warning');
  const facts = make('dl', 'ssvm-facts', make('dt', '', 'Folder'), chosen, make('dt', '', name.label), make('dd', '', name.input));
  const grants = make('p', 'ssvm-grants', text(data.grants));
  grants.id = ids.grants;
  const title = header(data, ids, 'Give this guest a folder of this computer?', 'For guest ');
  const box = make('div', 'ssvm-prompt ssvm-picker', title, path.nav, list.list, facts, access.group, warning, grants, actions);
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-labelledby', ids.title);
  box.setAttribute('aria-describedby', `${ids.who} ${ids.grants}`);
  for (const node of [box, deny, allow]) node.setAttribute(SUPPRESS_SHORTCUTS, 'true');

  const away = strip(box, data.who.cell, () => deny.focus({ preventScroll: true }));
  const attached = () => {
    send({ ready: true });
    away.watch();
  };
  const still = stillness(actions, enable, attached, () => {
    path.reveal();
    if (!isTypingElsewhere(box)) deny.focus();
  });

  const writing = () => access.value() === 'read and write';
  const index = () => (writing() ? 1 : 0);
  function refusal() {
    if (!folder) return 'Choose a folder first';
    if (folder.refused[index()]) return folder.refused[index()];
    return name.input.value === '' ? 'Say under which name the guest sees it' : '';
  }
  function enable(on) {
    deny.setAttribute('aria-disabled', String(!on));
    allow.setAttribute('aria-disabled', String(!on || busy || refusal() !== ''));
  }
  function relabel() {
    allow.textContent = writing() ? 'Grant to read and write' : 'Grant to read';
    const words = folder ? refusal() || folder.warnings[index()] : '';
    warning.replaceChildren(text(words));
    enable(false);
    still.disturb(); // the button now means something else
  }
  function choose(next) {
    folder = next;
    chosen.replaceChildren(next ? item(next.path) : make('span', 'ssvm-none', 'none chosen'));
    if (next) name.suggest(next.suggested);
    status.textContent = '';
    relabel();
  }
  function open(id) {
    if (busy || answered) return;
    busy = true;
    send({ open: id });
    relabel();
  }
  function show({ listing, error }) {
    busy = false;
    answered = false;
    path.show(listing);
    list.show(listing);
    if (document.activeElement !== list.list) choose(null);
    status.textContent = error ?? '';
  }
  function stop() {
    still.stop();
    away.stop();
  }
  function pick(event) {
    if (!event.isTrusted || answered || busy || !still.isArmed() || refusal()) return;
    answered = true;
    enable(false);
    send({ pick: folder.id, access: access.value(), name: name.input.value });
  }
  function cancel(event) {
    if (!event.isTrusted || answered || !still.isArmed()) return;
    answered = true;
    stop();
    enable(false);
    status.textContent = 'Nothing granted';
    send({ cancel: true });
  }

  allow.addEventListener('click', pick);
  deny.addEventListener('click', cancel);
  guardKeys(box, allow, cancel);
  model.on('msg:custom', show);
  show({ listing: data.listing });
  el.append(make('div', 'ssvm-frame', box));
  return () => {
    stop();
    model.off('msg:custom', show);
  };
}

export default { render };
