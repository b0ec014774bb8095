import './dom.js';
import { untranslated } from './noStyles.js';

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';

import type { KernelLink } from '../src/kernelLink.js';
import type { Links } from '../src/links.js';
import type { PanelView } from '../src/panelView.js';
import type { LedgerLine, Look } from '../src/protocol.js';

Object.assign(globalThis, { CSS: { escape: (text: string) => text } });

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

function line(seq: number, word: string): LedgerLine {
  return {
    seq,
    time: '2020-01-01T00:00:00',
    guest: 'g',
    cell: 'In [1]',
    argv: [word],
    decision: 'allow',
    scope: 'once',
    outcome: 'exit',
    status: 0,
    signal: null,
    ms: 1,
    bytes: 0
  };
}

/** A notebook's link whose kernel has a ledger, and the panel that looks at it. */
async function panel() {
  const { PanelView } = await import('../src/panelView.js');
  const kernel = {
    ledger: [] as LedgerLine[],
    looked: null as Promise<Look> | null
  };
  const link = {
    isThere: true,
    question: null,
    context: { path: 'x.ipynb' },
    look: (since: number) =>
      kernel.looked ??
      Promise.resolve({
        waiting: false,
        grants: [],
        ledger: kernel.ledger.filter(({ seq }) => seq > since)
      }),
    exportOptions: () => Promise.resolve('--allow-command "git status"')
  } as unknown as KernelLink;
  let tell: Parameters<Links['listen']>[0] = () => undefined;
  const links = {
    current: link as KernelLink | null,
    listen: (listener: typeof tell) => {
      tell = listener;
    }
  };
  view = new PanelView(links as unknown as Links, untranslated, () => ({ ledgerLines: 200 }), null);
  document.body.append(view.node);
  view.start();
  await settled();
  const commands = (): (string | null)[] =>
    Array.from(
      view?.node.querySelectorAll('.ssvm-ledger-line code') ?? [],
      code => code.textContent
    );
  const changed = (): Promise<void> => {
    tell(link, 'kernel');
    return settled();
  };
  return { view, kernel, links, changed, commands };
}

let view: PanelView | null = null;

// A page's scripts cannot press a button of ours; this test's must.
const listen = Reflect.get(window.EventTarget.prototype, 'addEventListener') as (
  this: EventTarget,
  type: string,
  act: unknown
) => void;

beforeEach(() => {
  window.EventTarget.prototype.addEventListener = function (type: string, act: unknown) {
    listen.call(this, type, () => {
      (act as (event: object) => void)({ isTrusted: true });
    });
  };
});

afterEach(() => {
  Object.assign(window.EventTarget.prototype, { addEventListener: listen });
  view?.stop();
  view?.node.remove();
});

test('the ledger of a restarted kernel, which counts from 1 again, is shown in the place of the old one', async () => {
  const { kernel, changed, commands } = await panel();
  kernel.ledger = [line(1, 'a'), line(2, 'b')];
  await changed();
  assert.deepEqual(commands(), ['b', 'a']);
  kernel.ledger = [line(1, 'c')];
  await changed();
  assert.deepEqual(commands(), ['c']);
});

test('a look at the kernel before a restart is neither waited for nor shown', async () => {
  const { kernel, changed, commands } = await panel();
  let give: (look: Look) => void = () => undefined;
  kernel.looked = new Promise(resolve => {
    give = resolve;
  });
  await changed();
  kernel.looked = null;
  kernel.ledger = [line(1, 'new')];
  await changed();
  assert.deepEqual(commands(), ['new']);
  give({ waiting: false, grants: [], ledger: [line(7, 'old')] });
  await settled();
  assert.deepEqual(commands(), ['new']);
});

test('nothing is left of a notebook that was closed', async () => {
  const { kernel, links, changed, commands } = await panel();
  kernel.ledger = [line(1, 'a')];
  await changed();
  links.current = null;
  await changed();
  assert.deepEqual(commands(), []);
});

test('options are shown to be copied by hand where the browser has no clipboard for the page', async () => {
  const { view } = await panel();
  const button = Array.from(view.node.querySelectorAll('button')).find(
    ({ textContent }) => textContent === 'Copy as options'
  );
  button?.click();
  await settled();
  const field = view.node.querySelector('textarea');
  assert.equal(field?.value, '--allow-command "git status"');
  assert.equal(document.activeElement, field);
});

test('a report tells how many of its facts are not shown', async () => {
  const { showReport } = await import('../src/reportView.js');
  const shown = (facts: number): HTMLElement[] => {
    const data = { facts: Array.from({ length: facts }, () => ['name', 'value']) };
    return Array.from(showReport(data, true, untranslated).querySelectorAll('.ssvm-report-fact'));
  };
  assert.equal(shown(500).length, 500);
  const rows = shown(507);
  assert.equal(rows.length, 501);
  assert.match(rows.at(-1)?.textContent ?? '', /7 more/);
});
