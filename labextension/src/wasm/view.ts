import type { TranslationBundle } from '@jupyterlab/translation';

import { button, make, size } from '../nodes.js';
import { manifestOf } from './manifest.js';
import { readModule, type Item, type Module } from './module.js';
import { visible } from './visible.js';

import '../../style/viewer.css';

const MOST_ROWS = 500;

/** What a view of a module needs. */
export interface Viewed {
  readonly path: string;
  readonly data: Uint8Array;
  readonly trans: TranslationBundle;
  /** Put a cell that runs the module into a notebook; returns what came of it, for the person. */
  insertCell(): string;
}

/** Show a module; code is shown when it is asked for. */
export function showModule(viewed: Viewed): HTMLElement {
  const { trans: t, data } = viewed;
  const root = make('div', 'ssvm-viewer-content');
  let module: Module;
  try {
    module = readModule(data);
  } catch (error) {
    const why = visible((error as Error).message);
    root.append(
      title(viewed),
      make('p', 'ssvm-viewer-trouble', t.__('This is no module: %1', why))
    );
    return root;
  }
  root.append(title(viewed), facts(module, viewed));
  if (module.kind === 'component') {
    root.append(make('p', '', t.__('A component; %ssvm inspect tells what it can ask for.')));
    return root;
  }
  root.append(
    ...manifest(module, t),
    ...table(t.__('Imports'), module.imports, t),
    ...table(t.__('Exports'), module.exports, t),
    ...sections(module, t),
    ...functionNames(module, t),
    ...wat(data, module, t)
  );
  return root;
}

function title({ path }: Viewed): HTMLElement {
  return make('h2', '', visible(path.split('/').at(-1) ?? path));
}

function facts(module: Module, viewed: Viewed): HTMLElement {
  const { trans: t, data } = viewed;
  const hash = make('code', '', '…');
  // Without a secure connection a browser has no hashes.
  const subtle = (crypto as Partial<Crypto>).subtle;
  void subtle?.digest('SHA-256', data.slice()).then(digest => {
    hash.textContent = Array.from(new Uint8Array(digest), byte =>
      byte.toString(16).padStart(2, '0')
    ).join('');
  });
  const state = make('span', 'ssvm-viewer-state');
  state.setAttribute('role', 'status');
  const insert = button(t.__('Insert a cell that runs this'), 'ssvm-viewer-button', () => {
    state.textContent = viewed.insertCell();
  });
  const entries = {
    command: t.__('a command: it runs from start to end'),
    reactor: t.__('a reactor: its functions are called'),
    library: t.__('a library: its functions are called')
  };
  const list = make('dl', 'ssvm-viewer-facts');
  const row = (name: string, ...value: (Node | string)[]): void => {
    list.append(make('dt', '', name), make('dd', '', ...value));
  };
  if (module.name !== '') {
    row(t.__('Name'), make('code', '', visible(module.name)));
  }
  row(t.__('Size'), size(module.bytes));
  row('sha256', hash);
  if (module.kind === 'module') {
    row(t.__('Kind'), entries[manifestOf(module).entry]);
  }
  return make('div', '', list, insert, ' ', state);
}

function manifest(module: Module, t: TranslationBundle): HTMLElement[] {
  const { can, cannot, unknown } = manifestOf(module);
  const part = (heading: string, className: string, lines: readonly string[]): HTMLElement[] =>
    lines.length === 0
      ? []
      : [
          make('h3', '', heading),
          make('ul', className, ...lines.map(line => make('li', '', visible(line, 600))))
        ];
  return [
    ...part(t.__('Cannot be started here'), 'ssvm-viewer-unknown', unknown),
    ...part(t.__('Can, if you grant it'), 'ssvm-viewer-can', can),
    ...part(t.__('Impossible, whatever it does'), 'ssvm-viewer-cannot', cannot)
  ];
}

function table(heading: string, items: readonly Item[], t: TranslationBundle): HTMLElement[] {
  const rows = items
    .slice(0, MOST_ROWS)
    .map(item => [
      visible(item.module === '' ? item.name : `${item.module}.${item.name}`),
      item.kind,
      visible(item.type)
    ]);
  return [
    make('h3', '', `${heading} (${String(items.length)})`),
    ...grid([t.__('Name'), t.__('Kind'), t.__('Type')], rows, items.length, t)
  ];
}

function sections(module: Module, t: TranslationBundle): HTMLElement[] {
  const rows = module.sections
    .slice(0, MOST_ROWS)
    .map(section => [
      visible(section.name),
      section.items < 0 ? '' : section.items.toLocaleString(),
      size(section.bytes)
    ]);
  return [
    make('h3', '', t.__('Sections')),
    ...grid([t.__('Section'), t.__('Items'), t.__('Size')], rows, module.sections.length, t)
  ];
}

function functionNames(module: Module, t: TranslationBundle): HTMLElement[] {
  if (module.functions.length === 0) {
    return [];
  }
  const rows = module.functions
    .slice(0, MOST_ROWS)
    .map(([index, name]) => [String(index), visible(name)]);
  const count = String(module.functions.length);
  const details = make(
    'details',
    '',
    make('summary', '', t.__('Names of functions (%1)', count)),
    ...grid([t.__('Function'), t.__('Name')], rows, module.functions.length, t)
  );
  return [details];
}

function grid(
  heads: string[],
  rows: string[][],
  count: number,
  t: TranslationBundle
): HTMLElement[] {
  if (count === 0) {
    return [make('p', '', t.__('none'))];
  }
  const head = make('tr', '', ...heads.map(text => make('th', '', text)));
  const body = rows.map(cells =>
    make('tr', '', ...cells.map(text => make('td', '', make('code', '', text))))
  );
  const node = make('table', '', make('thead', '', head), make('tbody', '', ...body));
  const wrapped = make('div', 'ssvm-viewer-table', node);
  const more = count - rows.length;
  return more > 0
    ? [wrapped, make('p', '', t.__('and %1 more', more.toLocaleString()))]
    : [wrapped];
}

function wat(data: Uint8Array, module: Module, t: TranslationBundle): HTMLElement[] {
  const place = make('div', '');
  const show = button(t.__('Show the code as text (WAT)'), 'ssvm-viewer-button', () => {
    show.disabled = true;
    void import('./wat.js')
      .then(({ textOf }) => {
        const { text, cut } = textOf(data, module.functions);
        const code = make('pre', 'ssvm-viewer-wat', text);
        code.tabIndex = 0;
        code.setAttribute('aria-label', t.__('Code as text'));
        place.replaceChildren(
          code,
          ...(cut ? [make('p', '', t.__('The rest is not shown.'))] : [])
        );
      })
      .catch((error: unknown) => {
        show.disabled = false;
        place.textContent = t.__('It cannot be shown: %1', visible(String(error)));
      });
  });
  return [make('h3', '', t.__('Code')), show, place];
}
